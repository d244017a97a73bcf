"""The errors that this package raises on purpose."""

from __future__ import annotations

import sys
from types import TracebackType

from email_assets.redaction import redact_line


class EmailAssetsError(Exception):
    """The base of all errors whose text is a sentence for the user: failure, place, cause, remedy.

    The text never holds a key or a customer's address, and neither does anything it is chained to.
    What an API, a server or a file said in it is cleaned here, whoever makes the sentence.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(redact_line(sentence))


class WarehouseError(EmailAssetsError):
    """The warehouse cannot be reached, or did not take what was loaded."""


class WarehouseBusyError(EmailAssetsError):
    """Another process had its turn at the warehouse for longer than a run may wait."""


class SyncError(EmailAssetsError):
    """The API's rows could not be brought into the warehouse."""


class ApiError(EmailAssetsError):
    """The API refused a request or its answer cannot be loaded; asking again won't help.

    Attributes:
        reason: The trouble in a few words, such as `404 Not Found`, where it may be that of one
            owner's list alone; empty where it is the whole API's.
    """

    def __init__(self, sentence: str, reason: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason


class RefusedError(ApiError):
    """The API said no, and will say so again."""


class KeyRefusedError(RefusedError):
    """The API does not accept the key (401, 403), or there is no key to send."""


class ApiUnavailableError(ApiError):
    """The API did not give a usable answer, though it may give one later.

    Attributes:
        retry_after: Seconds that the API asked to wait, or None.
        throttled_before: Seconds that the reader had waited in all when it happened.
        timed_out: True if the answer did not come within the time that a request may take.
    """

    def __init__(
        self,
        sentence: str,
        reason: str = "",
        retry_after: float | None = None,
        throttled_before: float = 0.0,
        *,
        timed_out: bool = False,
    ) -> None:
        super().__init__(sentence, reason)
        self.retry_after = retry_after
        self.throttled_before = throttled_before
        self.timed_out = timed_out


def say_the_sentence_alone(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A `sys.excepthook` that says an error of ours in its sentence, without a traceback."""
    if isinstance(error, EmailAssetsError):
        sys.stderr.write(f"{error}\n")
    else:
        sys.__excepthook__(kind, error, trace)


def causes(error: BaseException) -> list[BaseException]:
    """The error, what it wraps, what caused it, what caused that, and so on; the last is the root.

    Some libraries wrap an error as an argument or a `reason`, and chain nothing.
    """
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if any(one is known for known in found):
            continue
        found.append(one)
        if before := one.__cause__ or one.__context__:
            waiting.append(before)
        parts = (*one.args, getattr(one, "reason", None))
        waiting += [part for part in reversed(parts) if isinstance(part, BaseException)]
    return found
