"""An answer of the API: its body is read once, parsed once, and never tells where it came from."""

from __future__ import annotations

import io
import json
import re
from typing import Any, NoReturn

from requests import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict

_SURROGATE = re.compile(rb"\\u[dD]|\xed")


class Answer(Response):
    """A response whose body is JSON that is already parsed.

    It refers to the request as its sender knows it, without what the adapter added to it.
    """

    def __init__(
        self, request: PreparedRequest, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        super().__init__()
        self.request = request
        self.url = request.url or ""
        self.status_code = status
        self.headers = CaseInsensitiveDict(headers)
        self.raw = io.BytesIO(body)
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
    payload = json.loads(body, parse_constant=_refuse_constant)
    # most bodies can hold no surrogate, neither as an escape nor as bytes, and are spared the walk
    return _spell_surrogates(payload) if _SURROGATE.search(body) else payload


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
