"""What a body must be to count as an answer, and what becomes of odd text and numbers in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from requests import Request

from email_assets.api.answer import Answer, parse


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"data": [1, 2.5, "x", null, true]}', {"data": [1, 2.5, "x", None, True]}),
        (b" \r\n[] \n", []),
        ('{"käse": "🧀"}'.encode(), {"käse": "🧀"}),
        (rb'"\ud83e\uddc0"', "🧀"),
        (b"\xef\xbb\xbf[1]", [1]),
        ("[1]".encode("utf-16"), [1]),
        (b'"' + b"x" * 1_000_000 + b'"', "x" * 1_000_000),
    ],
    ids=["JSON", "blanks", "UTF-8", "surrogate pair", "byte order mark", "UTF-16", "long text"],
)
def test_json_is_read(body: bytes, value: Any) -> None:
    assert parse(body) == value


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, -(2**64), 10**40])
def test_a_number_of_any_size_stays_exact(number: int) -> None:
    assert parse(str(number).encode()) == number


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html></html>",
        b'{"data": [',
        b"[1] [2]",
        b"NaN",
        b'{"score": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"{'a': 1}",
        b'["\xff\xfe"]',
        b"1" * 5000,
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(body)


def test_json_nested_without_end_is_refused() -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse(b"[" * 100_000)


def test_json_nested_fifty_deep_is_read() -> None:
    assert parse(b"[" * 50 + b"]" * 50) == json.loads("[" * 50 + "]" * 50)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"name": "\ud800 and \uDFFF"}', {"name": r"\ud800 and \udfff"}),
        (rb'{"\udc00": [["\udc00"]]}', {r"\udc00": [[r"\udc00"]]}),
        (b'["\xed\xa0\x80"]', [r"\ud800"]),
        (rb'["\ud83e\uddc0 \ud83e"]', [r"🧀 \ud83e"]),
    ],
    ids=["value", "key and nested", "raw bytes", "beside a pair"],
)
def test_a_lone_surrogate_is_spelled_out_so_that_it_can_be_stored(body: bytes, value: Any) -> None:
    assert parse(body) == value


def test_text_that_only_looks_like_a_surrogate_stays() -> None:
    assert parse(rb'["\\ud800"]') == [r"\ud800"]


def test_an_answer_is_a_response_that_is_parsed_already() -> None:
    request = Request("GET", "http://mail.example.org/v1/bounces").prepare()
    answer = Answer(request, 200, {"Content-Type": "application/json"}, b'{"data": []}')
    assert (answer.ok, answer.url, answer.headers["content-type"], answer.text) == (
        True,
        "http://mail.example.org/v1/bounces",
        "application/json",
        '{"data": []}',
    )
    assert answer.json() is answer.json()
