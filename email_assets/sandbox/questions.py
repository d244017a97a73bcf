"""The parts of a request, and the errors for those that the API cannot use."""

from __future__ import annotations

import hmac
from datetime import datetime

from starlette.datastructures import QueryParams
from starlette.types import Scope

from email_assets.sandbox.data import RESOURCES
from email_assets.sandbox.instants import instant
from email_assets.sandbox.store import check_resource


class TurnedAwayError(Exception):
    """A request that gets an error.

    Args:
        status: The status to answer with.
        sentence: What is wrong with the request; never repeats what was sent, lest it be the key.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def check_key(parameters: QueryParams, api_key: str) -> None:
    """Turn a request away that does not carry the key."""
    given = parameters.get("api_key", "")
    if not hmac.compare_digest(given.encode(errors="replace"), api_key.encode(errors="replace")):
        raise TurnedAwayError(401, "The api_key is missing or wrong.")


def resource_of(scope: Scope) -> str:
    """The resource that a path names.

    Raises:
        TurnedAwayError: It names none.
    """
    resource: str = scope["path_params"].get("resource", "")
    check_known(resource)
    return resource


def check_known(resource: str) -> None:
    """Turn a request away that names an unknown resource."""
    try:
        check_resource(resource)
    except ValueError:
        known = ", ".join(f"/v1/{name}" for name in RESOURCES)
        raise TurnedAwayError(404, f"There is nothing here; the API has {known}.") from None


def whole(
    parameters: QueryParams, name: str, default: int, at_least: int, at_most: int | None = None
) -> int:
    """A whole number from the query, or its default."""
    text = parameters.get(name)
    if text is None:
        return default
    # Eighteen digits fit into 64 bits.
    if text.isascii() and text.isdigit() and len(text) <= 18:
        number = int(text)
        if number >= at_least and (at_most is None or number <= at_most):
            return number
    until = "" if at_most is None else f" to {at_most}"
    raise TurnedAwayError(400, f"{name} must be a whole number from {at_least}{until}.")


def instant_of(parameters: QueryParams, name: str) -> datetime | None:
    """An instant from the query, or None if it is not asked for."""
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return instant(text)
    except ValueError:
        sentence = f"{name} must be an instant with an offset, such as 2026-01-31T09:30:00Z."
    raise TurnedAwayError(400, sentence)
