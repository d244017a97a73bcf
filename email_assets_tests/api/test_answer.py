"""Bodies that count as an answer, and odd text and numbers in them."""

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


@pytest.mark.parametrize(
    "number",
    [
        0,
        2**53 + 1,
        10**18 - 1,
        10**18,
        -(10**18),
        2**63 - 1,
        -(2**63),
        2**63,
        -(2**63) - 1,
        2**64 - 1,
        2**64,
        -(2**64),
        10**40,
    ],
)
def test_a_number_of_any_size_stays_exact(number: int) -> None:
    assert parse(str(number).encode()) == number


def test_a_long_number_among_others_and_within_text_stays_exact() -> None:
    body = b'{"id": 18446744073709551616, "n": [1, 2.5], "text": "18446744073709551616"}'
    assert parse(body) == {"id": 2**64, "n": [1, 2.5], "text": "18446744073709551616"}


def test_a_number_of_more_digits_than_python_reads_is_text() -> None:
    digits = "1" * 5000
    assert parse(f'{{"id": 1, "n": [-{digits}]}}'.encode()) == {"id": 1, "n": [f"-{digits}"]}


@pytest.mark.parametrize(
    "body",
    [
        *(b"-0", b"-0.0", b"1.0", b"1E2", b"2.5e3", b"0.1", b"123456789.123456789", b"5e-324"),
        *(b"1.7976931348623157e308", b"1e-400", b"0.12345678901234567890123"),
        b'{"a": 1, "b": 2, "a": 3}',
        b'"\\u0000 \\/ \\t"',
        b"[" * 900 + b"]" * 900,
        '{"käse": 1}'.encode("utf-16-le"),
        "[1]".encode("utf-32"),
    ],
    ids=lambda body: body[:20],
)
def test_numbers_texts_and_keys_are_what_python_makes_of_them(body: bytes) -> None:
    expected = json.loads(body)
    assert repr(parse(body)) == repr(expected), "equal, and of the same type"


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
        b'"\xc0\x80"',
        '"käse"'.encode("latin-1"),
        b'"\x01"',
        b"\xef\xbb\xbf",
        b"[1,]",
        b"01",
        b"+1",
        b".5",
        b"[NaN, 18446744073709551616]",
        rb'["\ud800", NaN]',
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
    assert (answer.ok, answer.url, answer.headers["content-type"], answer.size) == (
        True,
        "http://mail.example.org/v1/bounces",
        "application/json",
        len(b'{"data": []}'),
    )
    assert answer.json() is answer.json()


@pytest.mark.parametrize("number", ["1E400", "-1e400"])
def test_a_fraction_that_a_double_cannot_hold_becomes_text(number: str) -> None:
    assert parse(f'{{"x": {number}}}'.encode()) == {"x": number}
