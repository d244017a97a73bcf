"""Finds e-mail addresses in what an API says: alone, with a name, or in a sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

LONGEST_LOCAL_PART = 320
"""Characters before an `@`, several times what there can be, as percent-encoding takes three."""

_AT = re.compile(r"@|%40|[\uff20\ufe6b]")
# read backwards from the `@`, so that a long text is read once
_LOCAL_BACKWARDS = re.compile(r"\"[^\"@]{1,64}\"|[\w.!#$%&'*+/=?^`{|}~-]+")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_QUOTES = "'`*{|"
"""Characters that an address may begin with, and that mostly stand around one."""
_AS_MOST_ARE = re.compile(r"[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*", re.ASCII)
_BEFORE_A_VALUE = re.compile(r"[=/?&]")
_BEFORE_AN_ADDRESS = re.compile(r"[<\s,;:]")
"""Stands before an address in a link, and in none: `%3Cann%40example.org%3E`."""

_SENT_BACK = re.compile(
    r"""(?:.*[+-])?(?:
    return-\d+-                       # ezmlm
    |bounces[+]\d+-[0-9a-f]{4}-       # SendGrid
    |bounce[+][0-9a-f]+[.][0-9a-f]+-  # Mailgun
    |bounce-mc[.]us\d+_\d+[.]\d+-    # Mailchimp
    |bounces?[+-])""",
    re.VERBOSE,
)
"""Stands before `ann=example.org` in the address that a bounce of a mail to her is sent back to. Of
other words with a dash nobody can say that they are no part of a name: `mary-ann=example.org`."""


@dataclass(frozen=True)
class Address:
    """An address in a text."""

    start: int
    stop: int
    """The places of its beginning and its end."""
    readings: tuple[str, ...]
    """The address in one spelling, the likeliest reading first: in `to=ann@example.org`, `to=` can
    belong to it or not."""


def addresses_in(text: str) -> Iterator[Address]:
    """The addresses in a text, from left to right."""
    for at in _AT.finditer(text):
        start, stop = at.span()
        before = text[max(0, start - LONGEST_LOCAL_PART) : start][::-1]
        local, domain = _LOCAL_BACKWARDS.match(before), _DOMAIN.match(text, stop)
        if not local or not domain:
            continue
        if readings := _readings(local[0][::-1], domain[0]):
            yield Address(start - local.end(), domain.end(), readings)


def address_alone(text: str) -> str | None:
    """The address that a text is, in one spelling, if it is one as most are and nothing else."""
    text = text.lower()
    return text if _AS_MOST_ARE.fullmatch(text) else None


def plain(text: str) -> str:
    """A text in one spelling, whatever its letters' case and width."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _readings(local: str, domain: str) -> tuple[str, ...]:
    if "%" in local:
        local = _BEFORE_AN_ADDRESS.split(unquote(local))[-1]
    local, domain = plain(local).strip('"'), plain(domain)
    value = _BEFORE_A_VALUE.split(local.lstrip(_QUOTES))[-1]
    readings = [f"{part}@{domain}" for part in (value, local) if part]
    # the address that a bounce is sent back to holds the one that it was sent to
    name, is_within, of = local.rpartition("=")
    if is_within and "." in of:
        sent_back = _SENT_BACK.match(name)
        parts = (name[sent_back.end() :] if sent_back else "", name.rpartition("+")[2], name)
        readings += [f"{part}@{of}" for part in parts if part]
    return tuple(dict.fromkeys(readings))
