"""Keys and addresses are cut out of what people read, however they are spelled."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from email_assets.errors import EmailAssetsError
from email_assets.redaction import redact, without_secrets

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


@pytest.mark.parametrize(("secret", "left"), [("x7" * 6, "…"), ("x7" * 5 + "x", "x7x7x7x7x7x")])
def test_a_secret_of_twelve_characters_is_cut_out_of_a_body_and_a_shorter_one_may_be_chance(
    secret: str, left: str
) -> None:
    body = f'{{"data": ["{secret}"]}}'.encode()
    assert without_secrets(body, [secret]).decode() == f'{{"data": ["{left}"]}}'


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
        (r"ann\u0040x.example wrote", "… wrote"),
        (r"ann\\u0040x.example wrote", "… wrote"),
        ("ann&#64;x.example, bob&commat;x.example, eve&amp;#x40;x.example", "…, …, …"),
        ('"bob smith"@x.example wrote', "… wrote"),
        (r"{\"to\": \"\"bob smith\"@x.example\"}", r"{\"to\": \"…\"}"),
        ("o'neill@x.example wrote", "… wrote"),
        ("ann\uff20x.example \uff41\uff20\uff42", "… …"),
        ("ann\u200b@\u2060x.example wrote", "… wrote"),
        ("ann\x1b[1m@x.example wrote", "… wrote"),
    ],
)
def test_addresses_are_cut_out_and_nothing_else(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_a_long_text_without_any_address_takes_no_time() -> None:
    text = "x" * 1_000_000  # a pattern that goes back at every letter would take hours
    assert redact(text, [SECRET]) == text


LONG = "key_0123456789abcdef"


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("user", ["", "a", "ap", "api", "a longer name"])
def test_what_http_basic_makes_of_a_secret_is_cut_out(
    user: str, encode: Callable[[bytes], bytes]
) -> None:
    secret = "k~?>_0123456789?>~"
    sent = encode(f"{user}:{secret}".encode()).decode()

    shown = redact(f"Authorization: Basic {sent}", [secret])

    assert shown == "Authorization: Basic …"


@pytest.mark.parametrize("part", [LONG[:8], LONG[-8:], LONG[5:15], LONG[:-1], quote(LONG)[:12]])
def test_a_part_of_a_long_secret_is_cut_out(part: str) -> None:
    assert redact(f"no key {part}*** here", [LONG]) == "no key …*** here"


def test_a_secret_in_base64_is_cut_out_of_an_answers_rows() -> None:
    body = json.dumps({"seen": b64encode(f"api:{LONG}".encode()).decode()}).encode()

    assert b64encode(LONG.encode())[4:-4] not in without_secrets(body, [LONG])
    assert b"MDEyMzQ1Njc4OWFi" not in without_secrets(body, [LONG])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b]0;title\x07\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred\x1bc\x00\x08\x7f", "red"),
        ("\u202egnp.exe\u2066\u200f\ufeff", "gnp.exe"),
        ("one\r\ntwo\rthree\u2028four\tfive", "one\ntwo three four\tfive"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("no character: \uffff\ufdd0\U0001ffff.", "no character: ."),
        ("日本 Ünïcode €", "日本 Ünïcode €"),
    ],
)
def test_what_steers_a_screen_or_cannot_be_written_goes(text: str, expected: str) -> None:
    shown = redact(text)

    assert shown == expected
    assert shown.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@channel @here @Everyone @all", "channel here Everyone all"),
        ("<!channel> <!here|here> <!subteam^S1>", "channel> here|here> subteam^S1>"),
        ("<@U123>", "@U123>"),
        ("@\u200bchannel @@here @<!channel>", "channel here channel>"),
        ("@timestamp, 3 < 4, <!doctype html>", "@timestamp, 3 < 4, <!doctype html>"),
    ],
)
def test_nothing_that_an_api_said_calls_everybody(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_an_errors_sentence_is_clean_and_in_one_line_whoever_makes_it() -> None:
    assert str(EmailAssetsError("bounces: \x1b[31mann@x.example\n said\u202e no")) == (
        "bounces: … said no"
    )
