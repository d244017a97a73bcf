"""The wait for whoever holds the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from email_assets.errors import WarehouseBusyError
from email_assets.settings.resolve import where_to_set
from email_assets.settings.warehouse import WarehouseSettings

POLL = 0.25
"""Seconds between two attempts."""


@dataclass
class Patience:
    """Waits so many seconds in all, and says for whom."""

    who: str
    """The resource or asset that waits, for sentences."""
    timeout: float
    """Seconds to wait, by `[warehouse] lock_timeout`."""
    say: Callable[[str], None]
    """Told who is waited for."""
    sleep: Callable[[float], None]
    """Waits so many seconds between two attempts."""
    waited: float = 0.0
    told: str = ""

    def wait(self, holder: str, *, awaited: str, kept: str, remedy: str) -> None:
        """Wait until the next attempt.

        Args:
            holder: Whoever is in the way.
            awaited: The thing to wait for, and the holder's part in it.
            kept: The words that say what the holder has kept, should it be too long.
            remedy: A command to whoever can end that.

        Raises:
            WarehouseBusyError: There is no time left to wait.
        """
        if self.waited >= self.timeout:
            raise WarehouseBusyError(
                f"{self.who}: {holder} {kept} for {self.timeout:g} s. {remedy}, or set a "
                f"longer lock_timeout. {where_to_set(WarehouseSettings, 'lock_timeout')}"
            )
        if holder != self.told:
            self.told = holder
            self.say(f"{self.who}: waiting up to {self.timeout:g} s for {awaited}")
        self.sleep(POLL)
        self.waited += POLL
