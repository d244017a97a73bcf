"""Owners of lists: servers, domains or accounts that each have a list of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from requests import Request

OWNER_HEADER = "X-Email-Assets-Owner"
"""Tells the session whose secret a request wants. It is taken off before anything is sent."""


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
            params = _filled(params, room, str(value))
            request.json = _filled(request.json, room, str(value))
            # headers are sent in Latin-1, and so this comes to UTF-8, whatever the value's letters
            headers = _filled(headers, room, str(value).encode().decode("latin-1"))
        request.headers, request.params = {**headers, OWNER_HEADER: self.name}, params


def _filled(words: Any, room: str, value: str) -> Any:
    if isinstance(words, str):
        return words.replace(room, value)
    if isinstance(words, dict):
        return {key: _filled(of, room, value) for key, of in words.items()}
    return [_filled(of, room, value) for of in words] if isinstance(words, list) else words
