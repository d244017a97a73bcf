"""The wording of an alert: a subject that fits a telephone's list of mails, names and times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

ERROR = "ERROR"
WARNING = "WARNING"
RECOVERED = "RECOVERED"
INFO = "INFO"
LONGEST_SUBJECT = 70
"""Characters of a subject. Of what does not fit a shorter wording is taken; nothing is cut."""
SIGNATURE = " [email_assets]"
"""The end of a subject that has room for it, for filters of mail."""


def names_in(slots: Iterable[str]) -> str:
    """The assets of some slots."""
    return ", ".join(sorted({slot.partition(":")[0] for slot in slots}))


def first_sentence(text: str) -> str:
    """The first sentence of a text, without the period at its end."""
    return text.partition(". ")[0].removesuffix(".")


def subject_of(severity: str, slots: Iterable[str], verb: str = "", sentence: str = "") -> str:
    """The subject that says most of those that fit; the severity comes first.

    Args:
        severity: Whether to get up.
        slots: The assets or checks that it is about.
        verb: What they did, such as `failed`.
        sentence: Why.
    """
    listed = names_in(slots)
    first, *others = listed.split(", ")
    count = f"{len(others) + 1} assets" if others else "an asset"
    names = [listed, *([f"{first} and {len(others)} more", count] if others else [])]
    why = first_sentence(sentence).replace("https://", "")
    return fitting(
        severity,
        [
            # whether to get up is told by the reason rather than by all names
            *(f"{name} {verb}: {why}" for name in names if why),
            *(f"{name} {verb}" for name in names),
            f"{count} {verb}",
            count,
        ],
    )


def fitting(severity: str, wordings: Sequence[str]) -> str:
    """The first of some wordings that fits a subject, or else the last."""
    subjects = [f"{severity} {wording}".rstrip() for wording in wordings]
    subject = next((one for one in subjects if len(one) <= LONGEST_SUBJECT), subjects[-1])
    signed = subject + SIGNATURE
    return signed if len(signed) <= LONGEST_SUBJECT else subject


def at_time(seconds: float) -> str:
    """A time to the minute, in UTC.

    Args:
        seconds: Since 1970.
    """
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M} UTC"
