"""The requests that vendors' specifications allow, by the few facts of them that matter here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from email_assets_tests.vendors.serving import Asked


@dataclass(frozen=True)
class Parameter:
    """The values that a parameter may have; of a list, each of its items."""

    pattern: str = ".*"
    most: int | None = None
    required: bool = False
    parts: Mapping[str, Parameter] | None = None
    """The parameters in it, of one that is an object."""


WHOLE = Parameter(r"\d+")
DATE = Parameter(r"\d{4}-\d\d-\d\d")
TIME = Parameter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
YES_OR_NO = Parameter("true|false")
ANY = Parameter()

Rules = Mapping[tuple[str, str], Mapping[str, Parameter]]
"""A specification: parameters by method and path, of the query or else of the body."""


def mistake_in(asked: Asked, rules: Rules, prefix: str = "") -> str | None:
    """The reason why a specification does not allow a request, or None if it does."""
    path = asked.path.removeprefix(prefix)
    for (method, pattern), parameters in rules.items():
        if method == asked.method and re.fullmatch(pattern, path):
            return _mistake_in(asked.query if asked.body is None else asked.body, parameters)
    return f"there is no {asked.method} {path}"


def _mistake_in(said: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> str | None:
    for name, value in said.items():
        if name not in parameters:
            return f"{name} is no parameter"
        for one in value if isinstance(value, list) else [value]:
            if problem := _mistake_of(name, one, parameters[name]):
                return problem
    missing = [name for name, rule in parameters.items() if rule.required and name not in said]
    return f"{missing[0]} is required" if missing else None


def _mistake_of(name: str, value: Any, rule: Parameter) -> str | None:
    if isinstance(value, dict):
        return _mistake_in(value, rule.parts or {})
    told = str(value).lower() if isinstance(value, bool) else str(value)
    if not re.fullmatch(rule.pattern, told):
        return f"{name} must not be {value!r}"
    if rule.most is not None and int(value) > rule.most:
        return f"{name} must not be more than {rule.most}"
    return None
