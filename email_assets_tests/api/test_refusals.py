"""Requests that an API refuses."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from email_assets.api.refusals import BODY_LENGTH
from email_assets.errors import ApiError, KeyRefusedError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, RawServer, ask
from email_assets_tests.conftest import KEY


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_with_where_to_set_it(
    api: Sandbox, listing_of: OpenListing, status: int
) -> None:
    api.set_faults("bounces", Fault("status", status=status))
    with pytest.raises(KeyRefusedError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        f"bounces: the API refused the key ({status}). Set api_key in .dlt/secrets.toml or the "
        "environment variable API_KEY."
    )


def test_a_wrong_key_is_refused_by_the_api(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "wrong")
    with pytest.raises(KeyRefusedError, match="refused the key"):
        ask(listing_of().session)


@pytest.mark.parametrize("key", [None, "", "  \n"], ids=["unset", "empty", "blank"])
def test_without_a_key_nothing_is_asked(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        monkeypatch.delenv("API_KEY")
    else:
        monkeypatch.setenv("API_KEY", key)
    with pytest.raises(KeyRefusedError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        "bounces: there is no API key. Set api_key in .dlt/secrets.toml or the environment "
        "variable API_KEY."
    )
    assert api.requests == []


def test_a_missing_path_is_told_with_the_path_and_where_to_look(
    api: Sandbox, listing_of: OpenListing
) -> None:
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session, "/v1/nowhere")
    assert str(caught.value) == (
        f"bounces: there is no /v1/nowhere at {api.base_url} (404). Check base_url of "
        "[sources.email] and whether this account's API has the resource."
    )


def test_what_the_api_said_of_a_request_it_cannot_process_is_passed_on(
    api: Sandbox, listing_of: OpenListing
) -> None:
    body = {"error": "offset must be below 10000"}
    api.set_faults("bounces", Fault("status", status=422, body=body))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        # Python 3.13 names the status anew
        f"bounces: the API refused /v1/bounces (422 {HTTPStatus(422).phrase}) and said: "
        '{"error":"offset must be below 10000"}'
    )


def test_what_the_api_said_is_passed_on_without_the_key_and_addresses(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("echo_error"))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    assert str(caught.value).endswith(
        'and said: {"error":"/v1/bounces?api_key=… is not possible for …"}'
    )


def test_what_the_api_said_is_passed_on_in_one_line_and_not_at_any_length(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=400, body="No.\r\n\n  Why?\n" + "x" * 9999))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    said = str(caught.value).partition(" and said: ")[2]
    assert said == ("No. Why? " + "x" * 9999)[:300]


def test_a_key_at_the_edge_of_what_is_passed_on_leaves_no_part_of_it(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=400, body="x " * 148 + KEY))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    assert str(caught.value).endswith("x x …")


def test_an_address_that_is_cut_where_no_more_is_read_leaves_no_part_of_it(
    api: Sandbox, listing_of: OpenListing
) -> None:
    before = "No. Why?".ljust(BODY_LENGTH - len("ann.smi"))
    api.set_faults("bounces", Fault("status", status=400, body=f"{before}ann.smith@example.com"))
    with pytest.raises(ApiError, match=r"and said: No\. Why\?$"):
        ask(listing_of().session)


@pytest.mark.parametrize(
    ("key", "words", "told"),
    [
        (KEY, b"N\xe4h.", "N\ufffdh."),
        # unlike one that is known to be a key by its look
        ("swordfish", b"No swordfish today.", "No … today."),
    ],
    ids=["another encoding", "a key that looks like any word"],
)
def test_what_the_api_said_may_be_anything(
    listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch, key: str, words: bytes, told: str
) -> None:
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(words)}\r\n\r\n".encode()
    monkeypatch.setenv("API_KEY", key)
    with RawServer(head + words) as server:
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", server.base_url)
        with pytest.raises(ApiError) as caught:
            ask(listing_of().session)
    assert str(caught.value).endswith(f" and said: {told}")


def test_an_api_that_says_nothing_is_quoted_as_saying_nothing(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=400, body=" "))
    with pytest.raises(ApiError, match=r"and said: nothing$"):
        ask(listing_of().session)


def test_a_status_without_a_name_is_told_by_its_number(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=599))
    with pytest.raises(ApiError, match=r"refused /v1/bounces \(599\)"):
        ask(listing_of().session)


@pytest.mark.parametrize("status", [300, 304])
def test_an_answer_that_is_no_success_is_not_taken_for_one(
    api: Sandbox, listing_of: OpenListing, status: int
) -> None:
    api.set_faults("bounces", Fault("status", status=status, body={"data": [], "total": 0}))
    with pytest.raises(ApiError, match=rf"refused /v1/bounces \({status} "):
        ask(listing_of().session)
