"""Two accounts of one vendor for a soak, in one code location and one warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from email_assets_tests.soak.world import World


class TwoAccounts:
    """Two sandboxes that live at the same time.

    Args:
        minutes: How long it is to go on.
        random: What decides.
    """

    accounts: Sequence[str] = ("marketing", "support")

    def __init__(self, minutes: float, random: Random) -> None:
        self._worlds = [World(minutes, random, account) for account in self.accounts]

    @property
    def faults(self) -> int:
        """The troubles that both made."""
        return sum(world.faults for world in self._worlds)

    @property
    def moves(self) -> int:
        """The rows that moved or changed at both."""
        return sum(world.moves for world in self._worlds)

    @property
    def day(self) -> float:
        """Simulated days since the beginning."""
        return self._worlds[0].day

    @property
    def rows(self) -> int:
        """The rows that both APIs list."""
        return sum(world.rows for world in self._worlds)

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve both APIs."""
        first, second = self._worlds
        with first.served(), second.served():
            yield

    def settings(self) -> dict[str, str]:
        """The environment in which the platform reads both."""
        return {name: value for one in self._worlds for name, value in one.settings().items()}

    def go_on(self) -> None:
        """Let the time since the first call pass, and something happen at each."""
        for world in self._worlds:
            world.go_on()

    def calm(self) -> None:
        """Take all faults away."""
        for world in self._worlds:
            world.calm()

    def holds_a_secret(self, written: bytes) -> bool:
        """True if the key of an API stands in a text."""
        return any(world.holds_a_secret(written) for world in self._worlds)

    def compare(self, file: Path) -> list[str]:
        """Sentences on what is wrong with the tables of an account, each with its name."""
        return [
            f"{account}/{problem}"
            for account, world in zip(self.accounts, self._worlds, strict=True)
            for problem in world.compare(file)
        ]
