"""Looks at the heads of an account's lists, for as long as a tick of a sensor has."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from hashlib import sha256

from email_assets.account import Account
from email_assets.errors import ApiError
from email_assets.sync.glimpse import OutOfTimeError, glimpse

SECONDS = 30
"""Time in which looks begin. The last of them may take two requests of ten seconds, and Dagster
ends a tick, with all that it has seen, after a minute."""

Look = str | ApiError | None
"""A digest that changes when rows come or go, or the reason why there is none just now.

It is None where what one request shows does not change with the rows, or where a look takes longer
than a tick has.
"""


def looked_at(
    account: Account,
    names: Sequence[str],
    first: str | None,
    say: Callable[[str], None],
    ticks: Callable[[], float] = time.monotonic,
) -> tuple[dict[str, Look], str | None]:
    """A look at each resource, and the first of those for which there was no time, if any.

    Args:
        account: Whose resources they are.
        names: The resources.
        first: The one to begin with, where an earlier tick had no time for it.
        say: Told what somebody who watches would want to know.
        ticks: Seconds that have passed since any moment.
    """
    at = names.index(first) if first in names else 0
    until, found = ticks() + SECONDS, dict[str, Look]()

    def is_late() -> bool:
        return ticks() >= until

    for name in (*names[at:], *names[:at]):
        if found and is_late():
            return found, name
        try:
            found[name] = _look(account, name, say, is_late)
        except OutOfTimeError:
            if found:
                return found, name
            found[name] = None
    return found, None


def _look(
    account: Account, name: str, say: Callable[[str], None], is_late: Callable[[], bool]
) -> Look:
    try:
        head = glimpse(account, name, say=say, is_late=is_late)
    except ApiError as error:
        return error
    if not head.tells:
        return None
    # hashed: some APIs' keys are customers' addresses, and Dagster keeps the cursor
    return sha256(f"{head.total} {head.newest}".encode()).hexdigest()[:16]
