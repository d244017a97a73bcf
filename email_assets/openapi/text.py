"""Writes a vendor's file as Python that people go on with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WIDTH = 100
HELPERS = {
    "as_date": '''
def as_date(instant: datetime) -> str:
    """An instant as the API wants it."""
    return instant.strftime("%Y-%m-%d")
''',
    "as_epoch": '''
def as_epoch(instant: datetime) -> int:
    """An instant as the API wants it."""
    return int(instant.timestamp())
''',
}
"""Functions that a file may need, by name."""


@dataclass(frozen=True)
class Code:
    """An expression that stands in the file as it is."""

    text: str


@dataclass(frozen=True)
class Guess:
    """A value that somebody has to look at, and why."""

    value: Any
    why: str


def file_of(title: str, client: Mapping[str, Any], resources: list[dict[str, Any]]) -> str:
    """The text of a vendor's file."""
    vendor = {
        "client": client,
        "resource_defaults": {"write_disposition": "merge"},
        "resources": resources,
    }
    body = f"VENDOR: Vendor = {''.join(_lines(vendor, 0)).rstrip(',')}"
    helpers = [text for name, text in HELPERS.items() if f": {name}," in body]
    imports = ["from datetime import datetime\n"] if helpers else []
    parts = [
        f'"""{_plain(title)}, as its OpenAPI document describes it; what was guessed says so."""\n',
        *imports,
        "from email_assets.vendors import Secret, Vendor\n",
        *(f"{text}\n" for text in helpers),
        f"{body}\n",
    ]
    # half of a pair of JSON's, which no file can hold, becomes a question mark
    return "\n".join(parts).encode("utf-8", "replace").decode()


def guesses_in(value: Any) -> int:
    """The number of guesses in a part of the file."""
    if isinstance(value, Guess):
        return 1 + guesses_in(value.value)
    if isinstance(value, Mapping):
        return sum(map(guesses_in, value.values()))
    return sum(map(guesses_in, value)) if isinstance(value, list) else 0


def _plain(text: str) -> str:
    """Somebody else's words on one line of a docstring or a comment."""
    return " ".join(text.replace("\\", "").replace('"', "'").split())[: WIDTH // 2]


def _lines(value: Any, depth: int) -> Iterator[str]:
    """A value and the comma after it; objects and lists of objects a line a part."""
    if isinstance(value, Guess):
        yield from _lines(value.value, depth)
    elif isinstance(value, Mapping):
        yield "{\n"
        for name, part in value.items():
            if isinstance(part, Guess):
                yield f"{'    ' * (depth + 1)}# guessed: {_plain(part.why)}\n"
            yield f"{'    ' * (depth + 1)}{json.dumps(name)}: "
            yield from _lines(part, depth + 1)
            yield "\n"
        yield f"{'    ' * depth}}},"
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield "[\n"
        for part in value:
            yield "    " * (depth + 1)
            yield from _lines(part, depth + 1)
            yield "\n"
        yield f"{'    ' * depth}],"
    else:
        yield f"{_literal(value)},"


def _literal(value: Any) -> str:
    if isinstance(value, Code):
        return value.text
    # what JSON writes of a text is Python too
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
