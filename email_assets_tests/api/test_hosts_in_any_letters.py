"""An API whose host has a name in other letters than ASCII's, which is sent in ASCII's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.errors import ApiError
from email_assets_tests.api.link_fixtures import BY_LINK, TwoPages
from email_assets_tests.conftest import KEY
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query, load

__all__ = ["use_vendor"]

SPELT = ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example"]
"""Three ways to write one name."""


@pytest.fixture
def proxy(
    use_vendor: UseVendor, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TwoPages]:
    """A proxy that answers for all hosts."""
    use_vendor(BY_LINK)
    monkeypatch.setenv("API_KEY", KEY)
    for name in ("http_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with TwoPages() as running:
        monkeypatch.setenv("HTTP_PROXY", running.base_url)
        yield running


@pytest.mark.parametrize("link", SPELT)
@pytest.mark.parametrize("host", SPELT)
def test_its_links_are_followed_however_they_are_spelt(
    proxy: TwoPages, query: Query, monkeypatch: pytest.MonkeyPatch, host: str, link: str
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", f"http://{host}/v1")
    proxy.link = f"http://{link}"

    load("servers")

    assert query("SELECT id FROM email.servers ORDER BY id") == [(1,), (2,)]
    assert {asked.headers["Host"] for asked in proxy.requests} == {"xn--bcher-kva.example"}


def test_a_link_to_a_name_that_looks_alike_is_refused(
    proxy: TwoPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", "http://bücher.example/v1")
    proxy.link = "http://bucher.example"

    with pytest.raises(ApiError, match=r"leads to http://bucher\.example, which is not"):
        load("servers")
    assert len(proxy.requests) == 1
