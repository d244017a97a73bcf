"""The clock that the tests go by: the computer's, or one that is ahead of it or behind.

`pytest --at 2028-02-29T12:00:00Z` begins at another moment, from which time flows as always.
Product and sandbox read `email_assets.clock`. Dagster stamps its history by a clock of its own,
and the product compares those stamps with its clock, so Dagster's is set alike: its two functions
that are there for tests, and the time of a record of `logging`, which it makes events of. What
stays the computer's: dlt's ids of loads, the times of files, TLS.

Other processes that tests start do the same before all else: `other_processes/sitecustomize.py`.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from email_assets import clock

AHEAD = "EMAIL_ASSETS_TESTS_AHEAD"
"""The variable that tells another process how many seconds its clock is ahead."""

OTHER_PROCESSES = str(Path(__file__).with_name("other_processes"))
"""The folder of what Python reads first in the processes that tests start."""

in_other_processes: dict[str, str] = {}
"""Variables by which another process gets the same clock. Those that inherit all have them."""


def begin_at(moment: str) -> None:
    """Let this process and those that it starts go on from a moment.

    Args:
        moment: In ISO 8601 with an offset from UTC.

    Raises:
        ValueError: It is no such moment.
    """
    ahead = _until(moment)
    go_ahead_by(ahead)
    in_other_processes.update(_beginning(ahead))
    os.environ.update(in_other_processes)


def beginning_at(moment: str) -> dict[str, str]:
    """The variables by which another process, and those that it starts, begin at a moment."""
    return _beginning(_until(moment))


def _beginning(ahead: timedelta) -> dict[str, str]:
    """The variables by which another process has a clock so much ahead of the computer's."""
    return {
        AHEAD: str(ahead.total_seconds()),
        "PYTHONPATH": OTHER_PROCESSES,
    }


def _until(moment: str) -> timedelta:
    at = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if at.tzinfo is None:
        raise ValueError("the moment tells no offset from UTC.")
    return at - clock.of_computer()


def go_ahead_by(ahead: timedelta) -> None:
    """Put the clocks of product, sandbox and Dagster ahead of the computer's, in this process."""
    # late, since not every process that tests start knows Dagster already
    import dagster._time as dagsters

    def now() -> datetime:
        return clock.of_computer() + ahead

    def timestamp() -> float:
        return now().timestamp()

    clock.source = now
    dagsters._mockable_get_current_datetime = now  # noqa: SLF001 (Dagster's own tests do it)
    dagsters._mockable_get_current_timestamp = timestamp  # noqa: SLF001
    make_record = logging.getLogRecordFactory()

    def make_record_ahead(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        record.created = timestamp()
        return record

    logging.setLogRecordFactory(make_record_ahead)
