"""The environments of the peers, each with its own pinned packages, set up when first needed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local_api import PROJECT

ENVIRONMENTS = PROJECT / ".bench"
REQUIREMENTS = Path(__file__).resolve().parent / "peers"
VERSIONS = (
    "import importlib.metadata as m, sys\n"
    "for name in sys.argv[1:]:\n"
    "    try: print(name, m.version(name))\n"
    "    except m.PackageNotFoundError: pass"
)
PACKAGES = {
    None: ("dlt", "dagster", "duckdb", "pyarrow", "orjson"),
    "dlt": ("dlt", "duckdb", "pyarrow"),
    "airbyte": ("airbyte", "airbyte-cdk", "duckdb"),
    "singer": ("singer-sdk", "target-duckdb", "duckdb"),
    "bare": ("duckdb", "orjson"),
}
"""The packages of each environment whose versions matter; None is the one that runs us."""


class PeerError(Exception):
    """A peer cannot be installed; the message says why."""


@dataclass(frozen=True)
class Environment:
    """A Python environment: this one without a name, else the one of a file in `peers/`."""

    name: str | None

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        if self.name is None:
            return sys.executable
        return str(ENVIRONMENTS / self.name / "bin" / "python")

    def install(self) -> None:
        """Set the environment up, unless it is there already with the same requirements.

        Raises:
            PeerError: It cannot be installed.
        """
        if self.name is None:
            return
        wanted = (REQUIREMENTS / f"{self.name}.txt").read_text()
        installed = ENVIRONMENTS / self.name / "requirements.txt"
        if installed.exists() and installed.read_text() == wanted:
            return
        print(f"Setting up {self.name} in {ENVIRONMENTS.name}/ (once) …", flush=True)
        _call([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENTS / self.name)])
        file = str(REQUIREMENTS / f"{self.name}.txt")
        if importlib.util.find_spec("uv"):
            pip = [sys.executable, "-m", "uv", "pip", "install", "--python", self.python]
            # with byte code, as pip does it: else every process would compile its imports first
            _call([*pip, "--compile-bytecode", "--quiet", "--requirement", file])
        else:
            _call([self.python, "-m", "pip", "install", "--quiet", "--requirement", file])
        installed.write_text(wanted)

    def versions(self) -> list[str]:
        """Name and version of the packages that matter."""
        command = [self.python, "-c", VERSIONS, *PACKAGES[self.name]]
        return _call(command).splitlines()


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise PeerError(last.strip())
    return done.stdout
