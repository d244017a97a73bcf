"""An answer of the API: its body is read once, parsed once, and never tells where it came from."""

from __future__ import annotations

import codecs
import io
import json
import math
from email.message import Message
from functools import lru_cache
from typing import Any, NoReturn

import orjson
from requests import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict

from email_assets.errors import ApiError

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19
"""The digits of the smallest whole numbers that 64 bits do not hold, all made alike."""


class Answer(Response):
    """A response whose body is JSON that is already parsed.

    It refers to the request as its sender knows it, without what the adapter added to it.

    Args:
        request: The request.
        status: The status.
        headers: The headers.
        body: The body, which is read by the charset of the headers.
        refusal: The error that the answer stands for, of which nothing is parsed.
        keep: Whether a function may want the body itself, and put another in its place.
        is_odd: Whether the body may be none that can be parsed.

    Attributes:
        size: Bytes of the body, decompressed.
        replaced: Bytes of it that mean nothing in its encoding.
        is_ignored: Whether the vendor's file says that the list ends here.

    Raises:
        ValueError: The body is no JSON.
    """

    def __init__(
        self,
        request: PreparedRequest,
        status: int,
        headers: dict[str, str],
        body: bytes,
        refusal: ApiError | None = None,
        *,
        keep: bool = False,
        is_odd: bool = False,
    ) -> None:
        super().__init__()
        self.request = request
        self.url = request.url or ""
        self.status_code = status
        self.headers = CaseInsensitiveDict(headers)
        self.encoding = _charset_in(self.headers.get("Content-Type", ""))
        self.size = len(body)
        self.replaced = 0
        self.is_ignored = False
        self._refusal, self._refused = refusal, status
        if refusal is not None:
            # nobody is to follow a redirect, which is a refusal
            self.headers.pop("Location", None)
        self.raw = io.BytesIO()  # nobody reads the body any more
        self._content = body if keep else b""
        self._payload: Any = None
        self._parsed: tuple[bytes, str | None] | None = None
        if refusal is None or keep:
            try:
                self._payload, self.replaced = parse_encoded(body, self.encoding)
                self._parsed = self._content, self.encoding
            except (ValueError, RecursionError):
                if not is_odd:
                    raise

    @property
    def refusal(self) -> ApiError | None:
        """The error that the answer stands for, unless it was ignored or made another."""
        is_refused = not self.is_ignored and self.status_code == self._refused
        return self._refusal if is_refused else None

    def ignore(self) -> None:
        """Take the answer for the end of its list, without rows."""
        self.is_ignored = True

    def json(self, **_: Any) -> Any:
        """The parsed body; None of a refusal, and of what is ignored.

        Raises:
            ValueError: The body that a function has put there, or has named another encoding for,
                is no JSON.
        """
        if self.is_ignored or self.refusal:
            return None
        if self._parsed != (self.content, self.encoding):
            self._payload, self.replaced = parse_encoded(self.content, self.encoding)
            self._parsed = self.content, self.encoding
        return self._payload


def parse_encoded(body: bytes, charset: str | None) -> tuple[Any, int]:
    """The JSON value in a body, and how many of its bytes mean nothing in their encoding.

    Args:
        body: The body.
        charset: The encoding that the answer names. Without one, or with one that nobody knows, it
            is UTF-8, -16 or -32, as JSON is.

    Raises:
        ValueError: The body is no JSON.
    """
    encoding = _codec(charset)
    if encoding is None:
        try:
            return parse(body), 0
        except UnicodeDecodeError:
            encoding = json.detect_encoding(body)
    text = body.decode(encoding, "replace")
    as_it_came = "\ufffd".encode(encoding, "ignore")
    replaced = text.count("\ufffd") - (body.count(as_it_came) if as_it_came else 0)
    return parse(text.encode("utf-8", "surrogatepass")), replaced


def _codec(charset: str | None) -> str | None:
    """The encoding of a charset that is not the usual one of JSON, or None."""
    try:
        name = codecs.lookup(charset or "utf-8").name
        b"".decode(name)  # some are no encodings of text
    except (LookupError, UnicodeError):
        return None
    return None if name in ("utf-8", "ascii") else name


@lru_cache(maxsize=16)
def _charset_in(content_type: str) -> str | None:
    """The charset that a header names; nearly all answers of an API have the same one."""
    message = Message()
    message["Content-Type"] = content_type
    return message.get_content_charset() or None


def parse(body: bytes) -> Any:
    """The JSON value in a body.

    A lone surrogate, which JSON can escape and UTF-8 cannot hold, becomes its escape in letters.

    Raises:
        UnicodeDecodeError: The body is no UTF-8, -16 or -32.
        ValueError: The body is no JSON as RFC 8259 defines it (NaN and Infinity are none).
    """
    # orjson is twice as fast, and makes a fraction of a number that is too long for it
    if _LONG_NUMBER not in body.translate(_DIGITS):
        try:
            return orjson.loads(body)
        except ValueError:
            pass  # a lone surrogate, which can be read all the same, or no JSON
    return _spell_surrogates(
        json.loads(
            body, parse_constant=_refuse_constant, parse_float=_fraction, parse_int=_whole_number
        )
    )


def _whole_number(text: str) -> int | str:
    """A whole number, or the text of one that has more digits than Python reads."""
    try:
        return int(text)
    except ValueError:
        return text


def _fraction(text: str) -> float | str:
    """A fraction, or the text of one that a double cannot hold, as of a number beyond 64 bits."""
    return text if math.isinf(number := float(text)) else number


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _spell_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_spell_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_spell_surrogates(key): _spell_surrogates(item) for key, item in value.items()}
    return value
