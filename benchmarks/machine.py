"""The machine that the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from peers import Environment, PeerError


def describe(environments: Iterable[Environment]) -> list[str]:
    """Date, machine, and the versions of what was compared, a line each."""
    cpu = _find("/proc/cpuinfo", r"^model name\s*: (.*)$") or platform.machine()
    memory = int(_find("/proc/meminfo", r"^MemTotal:\s*(\d+)") or 0) / 1024**2
    lines = [
        f"date: {datetime.now(timezone.utc):%Y-%m-%d}",
        f"machine: {os.cpu_count()} cores ({cpu}), {memory:.0f} GiB of memory, "
        f"load {os.getloadavg()[0]:.1f} at the end",
        f"Python {platform.python_version()} on {platform.system()}",
    ]
    for environment in environments:
        try:
            versions = environment.versions()
        except (PeerError, OSError):
            continue
        lines.append(f"{environment.name or 'email_assets'}: {', '.join(versions)}")
    return lines


def _find(file: str, pattern: str) -> str | None:
    found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
    return found[1].strip() if found else None
