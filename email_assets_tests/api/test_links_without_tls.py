"""An API behind a proxy that ends TLS, whose links lead to the same place without it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from email_assets.errors import ApiError
from email_assets_tests.api.link_fixtures import BY_LINK, TwoPages
from email_assets_tests.conftest import KEY
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query, load

__all__ = ["use_vendor"]


class BehindAProxy(TwoPages):
    """Gives its pages over TLS, of which its link does not know."""

    def __init__(self, certificate: trustme.LeafCert) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.query += "&from=http://elsewhere.example"


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
