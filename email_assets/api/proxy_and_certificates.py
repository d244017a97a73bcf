"""The way to the API that the environment names: a proxy, and certificates to trust."""

from __future__ import annotations

import importlib.util
import os
import ssl
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import requests
from requests.utils import select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
SOCKS_PACKAGE = "PySocks"


def way_to(base_url: str) -> dict[str, Any]:
    """The proxies and certificates that the environment names, as arguments of a request."""
    settings = requests.Session().merge_environment_settings(base_url, {}, True, None, None)
    return dict(settings)


def problem_on_the_way(base_url: str) -> str | None:
    """The sentence that says why no request could be sent, or None if nothing is in the way.

    The sentence names the variable to correct, and not its value: that of a proxy may hold a key.
    """
    way = way_to(base_url)
    proxy = select_proxy(base_url, way["proxies"])
    return _problem_of_bundle(way["verify"]) or (_problem_of_proxy(proxy) if proxy else None)


@lru_cache(maxsize=4)
def _read(bundle: str, _written: int) -> None:
    """Read a file of certificates, once until it is written anew: it takes as long as a request.

    Raises:
        ssl.SSLError: It holds none.
    """
    ssl.create_default_context(cafile=bundle)


def _problem_of_bundle(verify: object) -> str | None:
    if not isinstance(verify, str):
        return None
    variable = _variable_of(verify, BUNDLES)
    if not Path(verify).exists():
        return f"{variable} names {verify}, which is not there. Correct or unset it."
    try:
        if Path(verify).is_file():
            _read(verify, Path(verify).stat().st_mtime_ns)
    except (OSError, ssl.SSLError):
        return (
            f"{variable} names {verify}, which holds no certificates in PEM format that can be "
            "read. Correct or unset it."
        )
    return None


def _problem_of_proxy(proxy: str) -> str | None:
    variable = _variable_of(proxy, [name for name in os.environ if name.lower().endswith("_proxy")])
    try:
        address = parse_url(proxy if "://" in proxy else f"http://{proxy}")
    except (LocationParseError, ValueError):
        address = None
    if address is None or not address.host or address.scheme not in SCHEMES:
        return (
            f"{variable} is no address of a proxy, such as http://proxy.example.org:3128. Correct "
            "or unset it."
        )
    if address.scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        return (
            f"{variable} names a SOCKS proxy, for which the Python package {SOCKS_PACKAGE} is "
            f"needed and not installed. Run .venv/bin/python -m pip install {SOCKS_PACKAGE}, or "
            "unset it."
        )
    return None


def _variable_of(value: str, names: Iterable[str]) -> str:
    """The environment variable that holds a value."""
    found = [name for name in names if os.environ.get(name) == value]
    return found[0] if found else "The proxy of this machine"
