"""dlt's `response_actions`: a vendor's file says what is to be done with some answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from dlt.sources.rest_api.config_setup import create_response_hooks

from email_assets.api.answer import Answer


class Actions:
    """The `response_actions` of an endpoint, which mean what they mean to dlt.

    To ignore an answer ends the list that it belongs to; lists of other owners are read on.

    Args:
        actions: As the vendor's file has them.
    """

    def __init__(self, actions: Sequence[Any] | None = None) -> None:
        self._actions = list(actions or ())
        hooks = create_response_hooks(self._actions)
        # dlt's last one raises for a refusal; the session does so in its own words
        self._hooks = hooks["response"][:-1] if hooks else []

    def __bool__(self) -> bool:
        return bool(self._actions)

    @property
    def may_mend(self) -> bool:
        """True if a function of the vendor's file sees every answer, and may change it."""
        return any(map(callable, self._actions))

    def name(self, status: int, body: bytes) -> bool:
        """True if an action names such an answer; what it names is not tried again."""
        return any(_names(action, status, body) for action in self._actions)

    def apply(self, answer: Answer) -> None:
        """Do with an answer what the vendor's file wants."""
        try:
            for hook in self._hooks:
                hook(answer)
        except IgnoreResponseException:
            answer.ignore()


def _names(action: Any, status: int, body: bytes) -> bool:
    if callable(action):
        return False
    wanted, content = action.get("status_code"), action.get("content")
    if wanted is None and content is None:
        return False
    has_content = content is None or content in body.decode("utf-8", "replace")
    return wanted in (None, status) and has_content
