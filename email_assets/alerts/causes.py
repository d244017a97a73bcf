"""One message for each cause of trouble, and one when it is gone.

A cause is a sentence; what it holds for are slots. A slot is an asset (`bounces`), which is well
again when it has been synced, one of its checks (`bounces:complete`), when it has passed, or the
name of a job that makes none, such as the one that deletes old runs, when it has succeeded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from email_assets.alerts.channels import Message, digest_of
from email_assets.alerts.wording import (
    ERROR,
    RECOVERED,
    at_time,
    first_sentence,
    names_in,
    subject_of,
)

MOST_CAUSES = 50
"""Causes to keep in mind, so that a cursor stays small."""
_PASSING = re.compile(r"(?<![\w(])\d[\w.,:+-]*|(?<![\w-])(?=[\w-]*\d)[\w-]{10,}")
"""A number, an instant, or the id of a request: the next failure of the same cause has another."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with one slot."""

    slot: str
    verb: str
    """The trouble in a word or two: `failed`."""
    sentence: str
    """The reason, without the asset's name."""
    at: float
    """In seconds since 1970."""
    link: str
    """The page to look at: of the step that failed, or of the check."""
    page: str = ""
    """The asset's own page, where a recovery is seen."""
    severity: str = ERROR
    brief: str = ""
    """The verb in fewer words, as a subject has room for."""

    @property
    def of_a_check(self) -> bool:
        """True if the slot is a check."""
        return ":" in self.slot

    @property
    def cause(self) -> str:
        """A digest that problems of one cause share: of the words of their first sentence.

        Numbers and ids change hour by hour. A status in brackets, such as (401), is no such number.
        Sentences that follow are details, such as whose mail bounced most, or a remedy.
        """
        return digest_of(self.verb, _PASSING.sub("#", self.sentence.partition(". ")[0]))


@dataclass
class Cause:
    """A cause that was told."""

    sentence: str
    open: dict[str, float]
    """The slots that it holds for, and after what time one is well again."""
    gone: list[str] = field(default_factory=list)
    """The slots that it was told of and that are well again."""
    since: float = 0
    """The time of its beginning, in seconds since 1970; 0 if that is not known."""
    page: str = ""
    """The page that shows its end."""


Causes = dict[str, Cause]


def open_slots(causes: Causes) -> set[str]:
    """The slots that something is known to be wrong with."""
    return {slot for cause in causes.values() for slot in cause.open}


def told_slots(causes: Causes) -> set[str]:
    """Those, and the ones that are well again while something is wrong with others of a cause."""
    return open_slots(causes) | {slot for cause in causes.values() for slot in cause.gone}


def recover(
    causes: Causes, well: Mapping[str, float], known: Iterable[str], where: str = ""
) -> list[Message]:
    """Take out the causes that are gone, and say so in one message for those of the same assets.

    Args:
        causes: What was told.
        well: When each slot was well for the last time.
        known: The slots that still exist. Of others nothing is told.
        where: The account and the host, for the message.
    """
    recovered: dict[str, list[Cause]] = {}
    closed: dict[str, list[str]] = {}
    known = set(known)
    for key, cause in list(causes.items()):
        # what was open tells one recovery from another, and is the same when a tick is repeated
        was_open = [f"{slot} {before}" for slot, before in cause.open.items()]
        for slot, before in list(cause.open.items()):
            if well.get(slot, 0) > before:
                cause.gone.append(slot)
            if slot not in known or slot in cause.gone:
                del cause.open[slot]
        # what has gone from the settings since, or has left no time of its recovery, is not told of
        cause.gone = [slot for slot in cause.gone if slot in known and slot in well]
        if not cause.open:
            del causes[key]
            if cause.gone:
                names = names_in(cause.gone)
                recovered.setdefault(names, []).append(cause)
                closed.setdefault(names, []).extend([key, *was_open])
    return [
        Message(
            id=digest_of("recovered", names, *closed[names]),
            subject=subject_of(RECOVERED, names.split(", ")),
            text="\n".join(_lines_of_recovery(names, gone, well, where)),
        )
        for names, gone in recovered.items()
    ]


def _lines_of_recovery(
    names: str, gone: list[Cause], well: Mapping[str, float], where: str
) -> Iterator[str]:
    for cause in gone:
        yield f"{names} recovered. It was: {first_sentence(cause.sentence)}. {cause.page}".rstrip()
    until = max(well[slot] for cause in gone for slot in cause.gone)
    since = min(cause.since for cause in gone)
    began = f"Wrong since {at_time(since)}, well" if since else "Well"
    yield _last_line(f"{began} since {at_time(until)}", where)


def tell(
    causes: Causes, problems: Iterable[Problem], well: Mapping[str, float], where: str = ""
) -> list[Message]:
    """Note problems, and give a message for each cause with the assets that it had not named.

    Args:
        causes: What was told.
        problems: What is wrong.
        well: When each slot was well for the last time.
        where: The account and the host, for the message.
    """
    new: dict[str, list[Problem]] = {}
    for problem in problems:
        if well.get(problem.slot, 0) > problem.at:
            continue  # it was mended before anybody looked
        if problem.cause not in causes:
            while len(causes) >= MOST_CAUSES:
                del causes[next(iter(causes))]
            causes[problem.cause] = Cause(problem.sentence, {}, since=problem.at, page=problem.page)
        cause = causes[problem.cause]
        if problem.slot in cause.gone:
            cause.gone.remove(problem.slot)
        elif problem.slot not in cause.open:
            new.setdefault(problem.cause, []).append(problem)
        # an asset is well as soon as it is loaded anew, whatever the clock of who loads it says; a
        # check may be heard of late, after a newer one
        before = problem.at if problem.of_a_check else well.get(problem.slot, 0)
        cause.open[problem.slot] = max(before, cause.open.get(problem.slot, before))
    return _messages([*new.values()], where)


def _messages(causes: list[list[Problem]], where: str) -> list[Message]:
    """A message for each cause; those of the same assets share one."""
    of_assets: dict[str, list[Problem]] = {}
    for problems in causes:
        names = names_in(problem.slot for problem in problems)
        of_assets.setdefault(names, []).extend(problems)
    return [_message(problems, where) for problems in of_assets.values()]


def _message(problems: list[Problem], where: str) -> Message:
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        alike.setdefault((problem.verb, problem.sentence), []).append(problem)
    lines = [
        f"{names_in(problem.slot for problem in several)} {verb}: {sentence} {several[0].link}"
        for (verb, sentence), several in alike.items()
    ]
    worst = min(problems, key=lambda problem: problem.severity != ERROR)
    since = min(problem.at for problem in problems)
    return Message(
        id=digest_of(*(f"{problem.slot} {problem.cause} {problem.at}" for problem in problems)),
        subject=subject_of(
            worst.severity,
            [problem.slot for problem in problems],
            worst.brief or worst.verb,
            worst.sentence,
        ),
        text="\n".join([*lines, _last_line(f"Since {at_time(since)}", where)]),
    )


def _last_line(when: str, where: str) -> str:
    return f"{when}, {where}." if where else f"{when}."
