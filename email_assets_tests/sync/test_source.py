"""A vendor's resource as a dlt source, and a glimpse of its head."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dlt.common.configuration.utils import ResolvedValueTrace, get_resolved_traces
from pydantic import BaseModel

from email_assets.account import configured_account
from email_assets.errors import ApiError, ApiUnavailableError, KeyRefusedError
from email_assets.sandbox import Fault, Sandbox
from email_assets.settings.resolve import SettingError
from email_assets.sync.glimpse import Glimpse, glimpse
from email_assets.sync.listing import open_listing
from email_assets.sync.source import build_source
from email_assets.vendors.generic import VENDOR
from email_assets.vendors.resource import primary_key
from email_assets_tests.conftest import KEY

NAMES = ["bounces", "messages", "deliverystats", "servers", "domains"]
EVENTS = ["bounces", "messages", "deliverystats"]


def quiet(_: str) -> None:
    """Says nothing."""


# The vendor's resources


def test_the_vendor_has_five_resources() -> None:
    assert list(configured_account().resources) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_resource_is_complete_with_the_vendors_defaults(name: str) -> None:
    resource: dict[str, Any] = dict(configured_account().resources[name])
    assert resource.pop("description")
    assert resource.pop("columns")
    assert resource == {
        "name": name,
        "kind": "event" if name in EVENTS else "inventory",
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {
            "path": f"/v1/{name}",
            "data_selector": "data",
            "paginator": {"type": "offset", "limit": 100},
        },
    }


def test_the_vendors_table_stays_as_it_is_written() -> None:
    before = copy.deepcopy(VENDOR)
    build_source(configured_account(), configured_account().resources.values(), name="email")
    assert before == VENDOR


@pytest.mark.parametrize(("key", "fields"), [("id", ["id"]), (["server", "id"], ["server", "id"])])
def test_a_primary_key_is_a_list_of_fields(key: str | list[str], fields: list[str]) -> None:
    assert primary_key({"primary_key": key}) == fields  # type: ignore[typeddict-item]


# The dlt source


@pytest.mark.parametrize(
    "columns",
    [
        {"name": {"data_type": "text", "description": "It."}, "id": {"description": "Its id."}},
        [
            {"name": "name", "data_type": "text", "description": "It."},
            {"name": "id", "description": "Its id."},
        ],
    ],
    ids=["by name", "a list"],
)
def test_dlt_gets_the_hints_of_columns_in_either_form_and_no_descriptions(columns: Any) -> None:
    resource: Any = {**configured_account().resources["domains"], "columns": columns}
    source = build_source(configured_account(), [resource], name="domains")
    assert source.resources["domains"].columns == {"name": {"name": "name", "data_type": "text"}}


def test_a_model_of_the_rows_is_handed_on_to_dlt() -> None:
    class Domain(BaseModel):
        name: str

    resource: Any = {**configured_account().resources["domains"], "columns": Domain}
    source = build_source(configured_account(), [resource], name="domains")
    assert source.resources["domains"].validator is not None


def test_a_source_can_describe_itself_without_a_key_and_without_asking(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", sandbox.base_url)
    source = build_source(
        configured_account(), configured_account().resources.values(), name="email"
    )
    assert (source.name, list(source.resources)) == ("email", NAMES)
    assert sandbox.requests == []


@pytest.mark.parametrize("name", NAMES)
def test_a_resource_is_merged_by_its_id(name: str) -> None:
    source = build_source(
        configured_account(), configured_account().resources.values(), name="email"
    )
    table = source.resources[name].compute_table_schema()
    assert table["write_disposition"] == "merge"
    assert [c["name"] for c in table["columns"].values() if c.get("primary_key")] == ["id"]


def test_a_listing_has_one_resource_and_its_name(api: Sandbox) -> None:
    listing = open_listing(configured_account(), "servers", say=quiet)
    assert (listing.source.name, list(listing.source.resources)) == ("servers", ["servers"])
    assert listing.resource.name == "servers"


def test_opening_a_listing_asks_nothing(api: Sandbox) -> None:
    open_listing(configured_account(), "bounces", say=quiet)
    assert api.requests == []


def test_a_listing_reads_every_row_of_the_api(api: Sandbox) -> None:
    listing = open_listing(configured_account(), "messages", say=quiet)
    with listing.session:
        rows = list(listing.source)
    assert rows == api.rows("messages")
    assert (listing.rows.received, listing.usage.requests, listing.paginator.total) == (250, 3, 250)


def test_the_path_of_the_base_url_comes_before_the_resources(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", f"{api.base_url}/mail/")
    with pytest.raises(ApiError, match="there is no /mail/v1/bounces at"):
        glimpse(configured_account(), "bounces", say=quiet)


# The base_url


def test_the_base_url_is_the_vendors_own_by_default() -> None:
    assert configured_account().base_url == "https://api.example.com"


@pytest.mark.parametrize("url", [None, "https://api.example.com", "http://API.example.com:8080/"])
def test_the_placeholder_left_in_place_is_told_with_what_to_set(
    url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", KEY)
    if url:
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", url)
    with pytest.raises(SettingError) as caught:
        open_listing(configured_account(), "bounces", say=quiet)
    assert str(caught.value) == (
        "bounces: no API is configured yet. Set it as [sources.email] base_url in "
        ".dlt/config.toml or as SOURCES__EMAIL__BASE_URL. Set api_key in "
        ".dlt/secrets.toml or the environment variable API_KEY."
    )


# A glimpse


def test_a_glimpse_is_the_total_and_the_newest_id_for_one_request_of_one_row(api: Sandbox) -> None:
    newest = api.rows("messages")[0]["id"]
    assert glimpse(configured_account(), "messages", say=quiet) == Glimpse(total=250, newest=newest)
    assert [(request.offset, request.limit) for request in api.requests] == [(0, 1)]


def test_of_a_glimpse_nothing_stays_in_memory(api: Sandbox) -> None:
    """A sensor asks every minute, in threads of a server that runs for months."""

    def look() -> list[ResolvedValueTrace]:
        glimpse(configured_account(), "messages", say=quiet)
        return get_resolved_traces().all_traces

    with ThreadPoolExecutor(max_workers=1) as server:
        assert server.submit(look).result() == []


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ([Fault("empty")], Glimpse(0, None)),
        ([Fault("no_total")], Glimpse(None, "7")),
        ([Fault("no_total"), Fault("empty")], Glimpse(None, None)),
        ([Fault("total", value="12")], Glimpse(12, "7")),
    ],
)
def test_a_glimpse_of_a_list_that_is_empty_or_has_no_total(
    api: Sandbox, faults: list[Fault], expected: Glimpse
) -> None:
    api.replace("servers", [{"id": 7}])
    api.set_faults("servers", *faults)
    assert glimpse(configured_account(), "servers", say=quiet) == expected


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", status=503), ApiUnavailableError),
        (Fault("refuse"), ApiUnavailableError),
        (Fault("status", status=401), KeyRefusedError),
        (Fault("data_null"), ApiError),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_glimpse_that_fails_is_not_repeated(
    api: Sandbox, waits: list[float], fault: Fault, error: type[Exception]
) -> None:
    api.set_faults("bounces", fault)
    with pytest.raises(error, match=r"^bounces: "):
        glimpse(configured_account(), "bounces", say=quiet, sleep=waits.append)
    assert (api.request_count("bounces"), waits) == (1, [])


def test_a_glimpse_meets_a_time_limit_that_is_shorter_than_its_own(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.1")
    api.set_faults("bounces", Fault("latency", seconds=60.0))
    with pytest.raises(ApiUnavailableError, match=r"within 0\.1 s\. Tried 1 time;"):
        glimpse(configured_account(), "bounces", say=quiet)
