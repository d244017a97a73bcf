"""Answers of the sandbox, as tests of its faults read them."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlencode

from email_assets.sandbox import Sandbox


def raw(sandbox: Sandbox, resource: str) -> tuple[http.client.HTTPConnection, Any]:
    """A connection on which a page was asked for, and the answer whose body is not read yet."""
    address = sandbox.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", f"/v1/{resource}?{urlencode({'api_key': sandbox.api_key})}")
    return connection, connection.getresponse()
