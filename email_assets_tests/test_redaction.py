"""Keys and addresses are cut out of what people read, however they are spelled."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

from email_assets.redaction import redact

SECRET = "a/b+c=d e&f%g\"h\\i'jäK9"


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        SECRET.upper(),
        SECRET.lower(),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote_plus(SECRET).lower(),
        quote_plus(quote_plus(SECRET)),
        quote(SECRET, safe="+= "),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", r"\/"),
        json.dumps(SECRET)[1:-1].replace("+", r"\u002b").replace("=", r"\u003D"),
    ],
)
def test_a_secret_is_cut_out_however_it_is_spelled(spelled: str) -> None:
    assert redact(f"<{spelled}> was refused", [SECRET]) == "<…> was refused"


def test_every_occurrence_of_every_secret_is_cut_out() -> None:
    assert redact("one two one", ["one", "two"]) == "… … …"


def test_no_secret_cuts_nothing_out() -> None:
    assert redact("The key is wrong.", ["", ""]) == "The key is wrong."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to ann@x.example.", "to …"),
        ('"ann.o+1@x.example","b@y"', '"…","…"'),
        ("Ann <ann@x.example>, Bob <bob@y.example>", "Ann <…>, Bob <…>"),
        ("to=ann%40x.example", "…"),
        ("to=ann%2540x.example", "…"),
        ("ann@x.example:ann@y.example;ann@z", "…:…;…"),
        ("at 9 @ noon", "at 9 @ noon"),
        ("/v1/bounces?offset=100", "/v1/bounces?offset=100"),
    ],
)
def test_addresses_are_cut_out_and_nothing_else(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_a_long_text_without_any_address_takes_no_time() -> None:
    text = "x" * 1_000_000  # a pattern that goes back at every letter would take hours
    assert redact(text, [SECRET]) == text
