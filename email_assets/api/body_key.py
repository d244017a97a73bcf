"""A key that an API wants in the JSON of a request's body."""

from __future__ import annotations

import json

from requests import PreparedRequest
from requests.auth import AuthBase


class BodyKeyAuth(AuthBase):
    """Puts a key into the object that a request's body holds.

    Args:
        name: The key's name in the object.
        key: The key.
    """

    def __init__(self, name: str, key: str) -> None:
        self._name = name
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """The request, whose body has the key besides what it had."""
        said = json.loads(request.body) if request.body else {}
        body = json.dumps({**said, self._name: self._key}).encode()
        request.body = body
        request.headers["Content-Type"] = "application/json"
        request.headers["Content-Length"] = str(len(body))
        return request
