"""A program on a terminal of its own, as a person sees it who types there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

STEERING = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
WIDTH = 80


@dataclass
class Terminal:
    """A pseudo-terminal, with all that was shown on it until now."""

    outside: int
    """The side where a person reads and types."""
    inside: int
    """The side that a program has as its terminal."""
    shown: bytes = b""
    _reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        size = struct.pack("HHHH", 40, WIDTH, 0, 0)
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, size)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        """All lines that were shown, those that others took the place of too."""
        text = STEERING.sub(b"", self.shown).decode(errors="replace")
        return [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]

    def press(self, key: bytes) -> None:
        """Type."""
        os.write(self.outside, key)

    def run(self, *command: str, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a program that has this terminal."""
        return subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, "TERM": "xterm-256color"},
            stdin=self.inside,
            stdout=self.inside,
            stderr=self.inside,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def close(self) -> None:
        """Show the rest, and go."""
        with suppress(OSError):
            os.close(self.inside)
        self._reader.join(timeout=30)
        os.close(self.outside)

    def _read(self) -> None:
        # reading fails once nobody has the other side any more
        with suppress(OSError):
            while came := os.read(self.outside, 65536):
                self.shown += came


@contextmanager
def opened_terminal() -> Iterator[Terminal]:
    """A terminal for as long as the block runs; what was shown can be read afterwards too."""
    terminal = Terminal(*pty.openpty())
    try:
        yield terminal
    finally:
        terminal.close()
