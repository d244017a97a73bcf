"""Owners of lists: servers, domains or accounts that each have a list of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from requests import Request

from email_assets.errors import ApiError, ApiUnavailableError, RefusedError

OWNER_HEADER = "X-Email-Assets-Owner"
"""Tells the session whose secret a request wants. It is taken off before anything is sent."""
MOST_IN_A_ROW = 10
"""Owners one after the other whose lists no attempt brings, before the whole API is taken for down:
each costs its attempts and the waits between them. A Postmark server has up to ten streams."""
TIME_OUTS_IN_A_ROW = 2
"""The same of owners that let each attempt time out, which takes minutes: if the next one is of
somebody else, it is the API, and if not, the others of the same owner are not asked any more."""


@dataclass(frozen=True)
class Owner:
    """The owner of a list, where there are several lists of one kind; by default there is one."""

    name: str = ""
    """Tells it apart; of an owner's owner, the names of all of them, such as `42/outbound`."""
    label: dict[str, Any] = field(default_factory=dict)
    """Fields that every row of the owner gets, of its own owners too."""
    title: str = ""
    """The owner as sentences name it, such as `servers 42`."""

    @property
    def path(self) -> str:
        """The beginning of the names of its own owners, which no other owner's begin with."""
        return quote(self.name, safe="") if len(self.label) == 1 else self.name

    @property
    def topmost(self) -> Any:
        """The value that tells the owner of its owner apart, or its own if there is none."""
        return next(iter(self.label.values()), None)

    def below(self, own: Any, label: str, resource: str) -> Owner:
        """An owner of its own, or of nobody's if it is the default one."""
        name = f"{self.path}/{quote(str(own), safe='')}" if self.name else str(own)
        return Owner(name, {**self.label, label: own}, f"{resource} {name}")

    def ask_for_its_list(self, request: Request) -> None:
        """Let a request ask for the owner's list: its secret, path, headers, parameters, body."""
        if not self.name:
            return
        headers, params = request.headers or {}, request.params or {}
        for name, value in self.label.items():
            room = f"{{{name}}}"
            request.url = request.url.replace(room, quote(str(value), safe=""))
            params = in_texts(params, room, str(value))
            request.json = in_texts(request.json, room, str(value))
            # headers are sent in Latin-1, and so this comes to UTF-8, whatever the value's letters
            headers = in_texts(headers, room, str(value).encode().decode("latin-1"))
        request.headers, request.params = {**headers, OWNER_HEADER: self.name}, params


def leave_out(
    owners: Sequence[Owner], refused: dict[str, ApiError], last: Owner, why: ApiError
) -> ApiError | None:
    """Note an owner as one whose list cannot be read, so that the others' are.

    Args:
        owners: The owners, in the order in which they are read.
        refused: Those whose lists could not be read, by name, and why; this one is added, and if it
            is one more of the same server, say, that times out, those that follow of that server.
        last: The owner that was read last.
        why: The reason.

    Returns:
        The error to fail with, if no list can be had: of all owners, or of too many in a row.
    """
    refused[last.name] = why
    place = owners.index(last)
    until_now = [refused.get(owner.name) for owner in owners[: place + 1]]
    late = until_now[-TIME_OUTS_IN_A_ROW:]
    if len(late) == TIME_OUTS_IN_A_ROW and all(map(_has_timed_out, late)):
        if owners[place - 1].topmost != last.topmost:
            return late[0]
        refused.update((one.name, why) for one in owners[place:] if one.topmost == last.topmost)
    if all(owner.name in refused for owner in owners):
        return refused[owners[0].name]
    latest = until_now[-MOST_IN_A_ROW - 1 :]
    is_down = not any(error is None or isinstance(error, RefusedError) for error in latest)
    return latest[0] if is_down and len(latest) > MOST_IN_A_ROW else None


def _has_timed_out(error: ApiError | None) -> bool:
    return isinstance(error, ApiUnavailableError) and error.timed_out


def in_texts(words: Any, old: str, new: str) -> Any:
    """Parameters, headers or a body with something else instead of a word, in all texts of them."""
    if isinstance(words, str):
        return words.replace(old, new)
    if isinstance(words, dict):
        return {key: in_texts(of, old, new) for key, of in words.items()}
    return [in_texts(of, old, new) for of in words] if isinstance(words, list) else words
