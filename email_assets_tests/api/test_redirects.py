"""Redirects that are followed, and those that are refused."""

from __future__ import annotations

import pytest

from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, ask
from email_assets_tests.conftest import KEY


@pytest.mark.parametrize("kind", ["redirect", "echo_redirect"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_refused_before_anything_is_sent_there(
    api: Sandbox, listing_of: OpenListing, kind: str, status: int
) -> None:
    with Sandbox(api_key=KEY) as other:
        api.set_faults("bounces", Fault(kind, location=f"{other.base_url}/new", status=status))
        with pytest.raises(ApiError) as caught:
            ask(listing_of().session)
        assert other.requests == []
    assert str(caught.value) == (
        f"bounces: the API redirects /v1/bounces to {other.base_url}/new, and redirects are not "
        "followed, so that the key goes nowhere else. Set base_url of [sources.email] to the "
        "address that answers."
    )


def test_a_refusal_that_tells_a_place_is_no_redirect(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("bounces", Fault("redirect", location="/v1/messages", status=400))
    with pytest.raises(ApiError, match=r"the API refused /v1/bounces \(400 Bad Request\)"):
        ask(listing_of().session)


@pytest.mark.slow
def test_a_redirect_on_the_same_host_is_told_and_not_followed(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("redirect", location="/v1/messages"))
    with pytest.raises(ApiError, match=f"redirects /v1/bounces to {api.base_url}/v1/messages,"):
        ask(listing_of().session)
    assert [request.path for request in api.requests] == ["/v1/bounces"]


@pytest.mark.parametrize("location", ["http://host:port/", "http://[::1/", "//:99999999"])
def test_a_redirect_to_nowhere_is_told_as_one(
    api: Sandbox, listing_of: OpenListing, location: str
) -> None:
    api.set_faults("bounces", Fault("redirect", location=location))
    with pytest.raises(ApiError, match="redirects /v1/bounces to an address that cannot be read"):
        ask(listing_of().session)


def test_a_redirect_is_told_without_a_key_or_a_user_in_its_target(
    api: Sandbox, listing_of: OpenListing
) -> None:
    location = f"https://ann:{KEY}@host.example/{KEY}?api_key={KEY}#{KEY}"
    api.set_faults("bounces", Fault("redirect", location=location.replace("sb-key/", "sb-key%2F")))
    with pytest.raises(ApiError, match=r"to https://host\.example/…, and"):
        ask(listing_of().session)


@pytest.mark.parametrize(
    "elsewhere", ["http://mail.example.org/", "https://127.0.0.1:{port}/", "http://127.0.0.1:1/"]
)
def test_a_link_to_another_origin_is_refused(
    api: Sandbox, listing_of: OpenListing, elsewhere: str
) -> None:
    url = elsewhere.format(port=api.base_url.rpartition(":")[2])
    with pytest.raises(ApiError) as caught:
        listing_of().session.get(url)
    assert str(caught.value) == (
        f"bounces: the API's answer leads to {url[:-1]}, which is not {api.base_url}. The key is "
        "not sent there. Correct base_url of [sources.email] if the API has moved."
    )
    assert api.requests == []
