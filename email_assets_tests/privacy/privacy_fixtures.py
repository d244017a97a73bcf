"""Syncs with settings of privacy."""

from __future__ import annotations

import json
from collections.abc import Sequence

SALT = "a salt of the tests' own"


def privacy(
    hashed: Sequence[str] = (), drop: Sequence[str] = (), salt: str | None = SALT
) -> dict[str, str]:
    """`[privacy]` and its salt, as variables of the environment."""
    settings = {"PRIVACY__HASH": json.dumps([*hashed]), "PRIVACY__DROP": json.dumps([*drop])}
    return settings | ({"PRIVACY__SALT": salt} if salt else {})
