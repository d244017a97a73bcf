"""An API behind a proxy that ends TLS, whose links lead to the same place without it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from email_assets.errors import ApiError
from email_assets_tests.conftest import KEY
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query, load

__all__ = ["use_vendor"]

BY_LINK = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["endpoint"] |= {"paginator": {"type": "json_link", "next_url_path": "next"}}
"""


FROM = "from=http://elsewhere.example"


class BehindAProxy(VendorServer):
    """Gives two pages over TLS, and a link to the second that knows of none."""

    def __init__(self, certificate: trustme.LeafCert) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.link = self.base_url
        """The address of the second page, without its path."""

    def answer(self, asked: Asked) -> Answer:
        if "page" in asked.query:
            return Answer(200, {"data": [{"id": 2}], "next": None})
        return Answer(200, {"data": [{"id": 1}], "next": f"{self.link}{asked.path}?page=2&{FROM}"})


@pytest.fixture
def proxied(
    use_vendor: UseVendor, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BehindAProxy:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    server = BehindAProxy(authority.issue_cert("127.0.0.1"))
    use_vendor(BY_LINK)
    monkeypatch.setenv("API_KEY", KEY)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", server.base_url.replace("http:", "https:"))
    return server


def test_they_are_followed_over_tls(proxied: BehindAProxy, query: Query) -> None:
    with proxied:
        load("servers")
    assert query("SELECT id FROM email.servers ORDER BY id") == [(1,), (2,)]
    assert [asked.query.get("api_key") for asked in proxied.requests] == [KEY, KEY]
    assert proxied.requests[1].query["from"] == "http://elsewhere.example"


def test_those_to_another_port_are_refused(proxied: BehindAProxy) -> None:
    proxied.link = "http://127.0.0.1"
    with (
        proxied,
        pytest.raises(ApiError, match=r"answer leads to http://127\.0\.0\.1, which is not"),
    ):
        load("servers")
