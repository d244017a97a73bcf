"""Opens Dagster's UI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from email_assets.account.every import configured_accounts
from email_assets.deliverability.selection import derived_assets
from email_assets.errors import EmailAssetsError
from email_assets.quickstart.api import ChosenApi
from email_assets.quickstart.ending import end, held_back
from email_assets.quickstart.folders import PACKAGE, PRIVATE, environment_of
from email_assets.sentences import UNTOUCHED
from email_assets.settings import project
from email_assets.vendors.resource import REPORT

HOST = "127.0.0.1"
A_LOOK = 0.2
"""Seconds between two looks at the port."""
TO_END = 60
"""Seconds that Dagster has to end with all of its processes."""


def refuse_taken_port(port: int) -> None:
    """Look whether another program listens on a port of this machine.

    Raises:
        EmailAssetsError: One does, or there is no such port.
    """
    if not 0 < port < 2**16:
        raise EmailAssetsError(f"There is no port {port}. Take one up to 65535: make ui PORT=3000.")
    if _is_taken(port):
        raise EmailAssetsError(
            f"Port {port} is in use. Stop what uses it, or take another: make ui PORT={port + 1}."
        )


def open_ui(api: ChosenApi, port: int) -> int:
    """Serve the UI until somebody stops it, and return the exit status."""
    dev = [sys.executable, "-m", "dagster", "dev", "--workspace", str(PACKAGE / "workspace.yaml")]
    with held_back() as stops:
        process = subprocess.Popen(
            [*dev, "--host", HOST, "--port", str(port)],
            env=environment_of(api),
            cwd=project.project_file("."),
            umask=PRIVATE,
            # else a terminal sends it Ctrl-C as well: told twice, Dagster says "Aborted!" and waits
            # for none of its processes
            start_new_session=True,
        )
    try:
        if stops:
            raise KeyboardInterrupt
        while not _is_taken(port):
            if (status := _status(process, A_LOOK)) is not None:
                return status
        print(pages(port), flush=True)
        return process.wait()
    except KeyboardInterrupt:
        # the runs under way, too, which nobody would see any more
        end(process, os.killpg, within=TO_END)
        print(f"Stopped. {UNTOUCHED}", file=sys.stderr)
        return 0


def pages(port: int) -> str:
    """The addresses at which there is something to see."""
    found = [("the catalog", "assets")]
    for account in configured_accounts():
        if REPORT in derived_assets(account, account.resources):
            whose = f"the report of {account.name}" if account.name else "the report"
            found.append((whose, f"assets/{account.title_of(REPORT)}"))
    width = max(len(name) for name, _ in found)
    shown = [f"  {name:<{width}}  http://{HOST}:{port}/{path}" for name, path in found]
    return "\n".join(["", "Dagster's UI is ready:", *shown, "Ctrl-C stops it.", ""])


def _status(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit status of a process, or None if it has not ended after some time."""
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
