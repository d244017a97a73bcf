"""An answer of the API: its body is read once, parsed once, and never tells where it came from."""

from __future__ import annotations

import io
import json
import math
from typing import Any, NoReturn

import orjson
from requests import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19
"""The digits of the smallest whole numbers that 64 bits do not hold, all made alike."""


class Answer(Response):
    """A response whose body is JSON that is already parsed.

    It refers to the request as its sender knows it, without what the adapter added to it.

    Attributes:
        size: Bytes of the body, decompressed.
    """

    def __init__(
        self, request: PreparedRequest, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        super().__init__()
        self.request = request
        self.url = request.url or ""
        self.status_code = status
        self.headers = CaseInsensitiveDict(headers)
        self.raw = io.BytesIO()  # nobody reads the body any more
        self.size = len(body)
        self.payload = parse(body)

    def json(self, **_: Any) -> Any:
        """The parsed body."""
        return self.payload


def parse(body: bytes) -> Any:
    """The JSON value in a body.

    A lone surrogate, which JSON can escape and UTF-8 cannot hold, becomes its escape in letters.

    Raises:
        ValueError: The body is no JSON as RFC 8259 defines it (NaN and Infinity are none).
    """
    # orjson is twice as fast, and makes a fraction of a number that is too long for it
    if _LONG_NUMBER not in body.translate(_DIGITS):
        try:
            return orjson.loads(body)
        except ValueError:
            pass  # a lone surrogate, which can be read all the same, or no JSON
    return _spell_surrogates(
        json.loads(body, parse_constant=_refuse_constant, parse_float=_fraction)
    )


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
