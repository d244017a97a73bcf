"""Cleans all text that leaves for people: of keys, addresses, and what steers a screen.

Sentences, log lines, alerts, checks, metadata, reports and charts pass `redact`. It reads a text as
a browser, a JSON parser or a person would, so that what is encoded is found as well.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from urllib.parse import quote, quote_plus, unquote

LONG_ENOUGH = 12
"""Characters of a secret that is too long to occur by chance."""
PART = 8
"""Characters in a row of such a secret that give it away."""
LONGEST_QUOTED = 66
"""Characters of a quoted local part, such as `"bob smith"` before an `@`: 64 and the quotes."""

_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, movements of the cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # titles, links
    r"|\x1b[ -/]*[0-~]"
)
_NOT_PLAIN = re.compile(r"[^ -~]")
_LINE_BREAKS = "\r\v\f\x85\u2028\u2029"
_ENCODED = re.compile(
    r"(?P<url>(?:%(?:25)*[89a-f][0-9a-f])+|%(?:25)*[0-7][0-9a-f])"
    r"|\\+(?:u(?P<json>[0-9a-f]{4})|x(?P<hex>[0-9a-f]{2})|(?P<escaped>[\"'/\\]))"
    r"|&(?:amp;)*(?P<entity>#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});"
    r"|(?P<other>[^ -~])",
    re.IGNORECASE,
)
_BASE64 = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_BETWEEN_WORDS = frozenset("\"'<>,;:")
_BROADCAST = r"(?:channel|here|everyone|all)\b"
_MENTION = re.compile(rf"<(?:!(?={_BROADCAST}|subteam\b)|(?=@))", re.IGNORECASE)
_AT_ALL = re.compile(rf"[@\uff20\ufe6b]+(?={_BROADCAST})", re.IGNORECASE)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text as people may see it; line breaks and tabs stay.

    Secrets and addresses become "…", however they are spelled: as they stand, encoded for a URL,
    JSON, HTML or HTTP Basic, quoted, in full-width letters. Of a long secret, so does each part.
    Control characters, terminal sequences and marks that turn the direction of writing go, a lone
    surrogate becomes "\ufffd", and nothing is left that would call everybody to a chat.
    """
    text = _printable(text)
    read = _Reading(text)
    hidden = sorted([*read.secrets(filter(None, secrets)), *read.addresses()])
    kept, end = list[str](), 0
    for start, stop in hidden:
        if start >= end:
            kept += [text[end:start], "…"]
        end = max(end, stop)
    return _AT_ALL.sub("", _MENTION.sub("", "".join([*kept, text[end:]])))


def redact_line(text: str) -> str:
    """The text as people may see it, in one line."""
    return " ".join(redact(text).split())


def redacted(say: Callable[[str], object]) -> Callable[[str], None]:
    """A function that says a sentence as people may see it.

    Args:
        say: A logger's method, or `print`.
    """

    def clean(sentence: str) -> None:
        say(redact_line(sentence))

    return clean


def without_secrets(body: bytes, secrets: Iterable[str]) -> bytes:
    """A body of JSON without the secrets, should an API repeat them in its rows.

    Only secrets that are too long to occur by chance are looked for.
    """
    for secret in secrets:
        if len(secret) >= LONG_ENOUGH:
            spelled = {
                form
                for one in (secret, *_in_base64(secret))
                for form in (one, quote(one, safe=""), quote_plus(one), json.dumps(one)[1:-1])
            }
            for spelling in sorted(spelled, key=len, reverse=True):
                body = body.replace(spelling.encode(), "…".encode())
    return body


class _Reading:
    """A text as its readers would take it: decoded, in small letters.

    Attributes:
        text: What they read.
        starts: Where in the original each character of it begins.
        stops: Where it ends.
    """

    def __init__(self, original: str) -> None:
        self.text, size = _small(original), len(original)
        self.starts: Sequence[int] = range(size)
        self.stops: Sequence[int] = range(1, size + 1)
        encoded = list(_ENCODED.finditer(original))
        if not encoded:
            return
        read, starts, stops, end = list[str](), list[int](), list[int](), 0
        for one in encoded:
            start, stop = one.span()
            meant = _meant_by(one)
            read += [original[end:start], meant]
            starts += [*range(end, start), *[start] * len(meant)]
            stops += [*range(end + 1, start + 1), *[stop] * len(meant)]
            end = stop
        self.text = _small("".join([*read, original[end:]]))
        self.starts, self.stops = [*starts, *range(end, size)], [*stops, *range(end + 1, size + 1)]

    def secrets(self, secrets: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Places in the original of each secret, or a part of a long one: begin and end."""
        all_secrets = list(secrets)
        plain = [form for one in all_secrets for form in (one, _printable(one))]
        for start, stop in self._runs_of(plain):
            yield self.starts[start], self.stops[stop - 1]
        for start, stop in self._runs_of(chain.from_iterable(map(_in_base64, all_secrets))):
            # the letters beside it may hold bits of the secret as well
            while stop < len(self.text) and self.text[stop] in _BASE64:
                stop += 1
            while start > 0 and self.text[start - 1] in _BASE64:
                start -= 1
            yield self.starts[start], self.stops[stop - 1]

    def addresses(self) -> Iterator[tuple[int, int]]:
        """Places in the original of words that hold an e-mail address: begin and end."""
        text, end = self.text, 0
        while (at := text.find("@", end)) >= 0:
            start, end = self._start_of_local_part(at), at + 1
            while end < len(text) and not _ends_word(text[end]):
                end += 1
            if start < at and end > at + 1:
                yield self.starts[start], self.stops[end - 1]

    def _runs_of(self, spelled: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Places in what they read of a secret as it is spelled, or of parts of it."""
        parts = dict[int, set[str]]()
        for one in spelled:
            for form in {_small(one), _Reading(one).text} - {""}:
                wanted = form.replace("+", " ")
                size = PART if len(wanted) >= LONG_ENOUGH else len(wanted)
                places = range(len(wanted) - size + 1)
                parts.setdefault(size, set()).update(wanted[at : at + size] for at in places)
        for size, of_size in parts.items():
            yield from self._runs(of_size, size)

    def _runs(self, parts: set[str], size: int) -> Iterator[tuple[int, int]]:
        """Places in what they read of what consists of the parts: begin and end."""
        text, first, last = self.text.replace("+", " "), -1, -1
        for at in range(len(text) - size + 1):
            if text[at : at + size] not in parts:
                continue
            if at > last:
                if last > 0:
                    yield first, last
                first = at
            last = at + size
        if last > 0:
            yield first, last

    def _start_of_local_part(self, at: int) -> int:
        text, start = self.text, at
        if text[at - 1 : at] == '"':
            opening = text.rfind('"', max(0, at - LONGEST_QUOTED), at - 1)
            return opening if opening >= 0 else at
        # an apostrophe within a word is of the word, as in o'neill@example.org
        while start > 0 and not (
            _ends_word(text[start - 1])
            and not (text[start - 1] == "'" and text[max(0, start - 2)].isalnum())
        ):
            start -= 1
        return start


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    text = _TERMINAL.sub("", text.replace("\r\n", "\n"))
    return _NOT_PLAIN.sub(lambda found: _shown(found[0]), text)


def _shown(character: str) -> str:
    """A character if it can be seen, or what stands for it."""
    if character.isprintable() or character in "\n\t":
        return character
    if character in _LINE_BREAKS:
        return " "
    kind = unicodedata.category(character)
    if kind == "Cs":
        return "\ufffd"
    # XML holds no character that Unicode defines as none, such as U+FFFF
    is_none = ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
    return "" if kind in ("Cc", "Cf") or is_none else character


def _meant_by(encoded: re.Match[str]) -> str:
    """The characters that an encoded text stands for."""
    if url := encoded["url"]:
        meant = unquote(re.sub("%(?:25)+", "%", url), errors="replace")
    elif number := encoded["json"] or encoded["hex"]:
        meant = chr(int(number, 16))
    elif entity := encoded["entity"]:
        meant = html.unescape(f"&{entity};")
    else:
        meant = encoded["escaped"] or encoded["other"]
    # full-width letters are letters
    return "".join(map(_shown, unicodedata.normalize("NFKC", meant)))


def _small(text: str) -> str:
    """The text in small letters, as long as it was."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(one if len(one.lower()) > 1 else one.lower() for one in text)


def _in_base64(secret: str) -> Iterator[str]:
    """The parts of a secret's base64 that do not depend on what stands before and after it."""
    encoded = secret.encode("utf-8", "replace")
    for before in range(3):
        whole = b64encode(b"\0" * before + encoded).decode()
        unsure = 0 if (before + len(encoded)) % 3 == 0 else len(whole) - len(whole.rstrip("=")) + 1
        certain = whole[(0, 2, 3)[before] : len(whole) - unsure]
        if len(certain) >= PART:
            yield certain
            yield certain.replace("+", "-").replace("/", "_")


def _ends_word(character: str) -> bool:
    return character in _BETWEEN_WORDS or character.isspace()
