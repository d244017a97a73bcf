"""The connection check of an API that does not work, and of other vendors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.check_fixtures import NAMES, Check, cells, check
from email_assets_tests.conftest import KEY

__all__ = ["check"]


UseVendor = Callable[..., None]


ABOUT = {"kind": "event", "description": "A row."}


VENDOR_FILE = """
from email_assets.vendors import Secret

VENDOR = {vendor}
VENDOR["client"]["auth"]["api_key"] = Secret("api_key")
"""


@pytest.fixture
def use_vendor(api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UseVendor:
    """Configure a vendor's file of one's own, with resources of the sandbox."""

    def use(endpoint: dict[str, Any], **resources: dict[str, Any]) -> None:
        auth = {"type": "api_key", "name": "api_key", "location": "query"}
        vendor = {
            "client": {"base_url": "https://api.example.com", "auth": auth},
            "resource_defaults": {
                "primary_key": "id",
                "write_disposition": "merge",
                "endpoint": {"data_selector": "data", **endpoint},
            },
            "resources": [
                {"name": name, "endpoint": {"path": f"/v1/{name}"}, **ABOUT, **more}
                for name, more in resources.items()
            ],
        }
        file = tmp_path / "email_api.py"
        file.write_text(VENDOR_FILE.format(vendor=vendor))
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", str(file))

    return use


@pytest.fixture
def servers_own_bounces(use_vendor: UseVendor) -> None:
    """A vendor's file whose bounces are listed for each server."""
    for_each = {"resource": "servers", "id": "id", "label": "server"}
    use_vendor(
        {"paginator": {"type": "offset", "limit": 50}}, servers={}, bounces={"for_each": for_each}
    )


# An API that does not work


@pytest.mark.parametrize(
    ("fault", "row", "sentence"),
    [
        (
            Fault("status", status=401),
            ["yes", "no", "-", "-", "-", "-"],
            "bounces: the API refused the key (401). Set api_key in .dlt/secrets.toml or the "
            "environment variable API_KEY.",
        ),
        (
            Fault("status", status=404),
            ["yes", "-", "-", "-", "-", "-"],
            "bounces: there is no /v1/bounces at {url} (404). Check base_url of [sources.email] "
            "and whether this account's API has the resource.",
        ),
        (
            Fault("status", status=500),
            ["yes", "-", "-", "-", "-", "-"],
            "bounces: {url} answered 500 Internal Server Error. Tried 1 time; what was loaded "
            "before is untouched.",
        ),
        (
            Fault("status", status=429, retry_after="7"),
            ["yes", "-", "-", "-", "-", "retry-after: 7"],
            "bounces: {url} answered 429 Too Many Requests. Tried 1 time; what was loaded before "
            "is untouched.",
        ),
        (
            Fault("refuse"),
            ["no", "-", "-", "-", "-", "-"],
            "bounces: {url} closed the connection before its answer was complete. Tried 1 time; "
            "what was loaded before is untouched.",
        ),
        (
            Fault("latency", seconds=60.0),
            ["no", "-", "-", "-", "-", "-"],
            "bounces: {url} did not finish its answer within 1.5 s. Tried 1 time; what was loaded "
            "before is untouched.",
        ),
        (
            Fault("html"),
            ["yes", "yes", "-", "-", "-", "-"],
            "bounces: {url} answered with a body that is no JSON, or a part of it. Tried 1 time; "
            "what was loaded before is untouched.",
        ),
        (
            Fault("data_missing"),
            ["yes", "yes", "-", "-", "-", "-"],
            "bounces: at offset 0 the API gave an answer without 'data': an object with the keys "
            "'total'. Nothing of this run was loaded; what was loaded before is untouched.",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_what_fails_is_told_in_the_sentence_of_a_sync(
    api: Sandbox,
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    row: list[str],
    sentence: str,
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "1.5")
    api.set_faults("bounces", fault)

    status, output = check()

    assert (status, cells(output)["bounces"]) == (1, row)
    assert output.split("\n\n")[2] == sentence.format(url=api.base_url) + "\n"
    assert "bounces:" not in output.split("\n\n")[1]
    # neither are the others held up, nor is anything asked twice
    assert [cells(output)[name][:2] for name in NAMES[1:]] == [["yes", "yes"]] * 4
    assert [asked.resource for asked in api.requests] == NAMES


def test_rows_that_could_not_be_loaded_are_counted(api: Sandbox, check: Check) -> None:
    api.set_faults("servers", Fault("null_id", rows=2))
    status, output = check()
    assert (status, cells(output)["servers"][:3]) == (1, ["yes", "yes", "5"])
    assert output.endswith(
        "\n\nservers: 2 of 5 rows came without id and would not be loaded. Correct primary_key in "
        "the vendor's file if it is not what tells rows apart.\n"
    )


def test_a_key_that_a_sync_would_refuse_is_a_failure(api: Sandbox, check: Check) -> None:
    api.set_faults("servers", Fault("id_type", to="float"))
    status, output = check()
    assert status == 1
    assert "\n\nservers: id came as a fraction, in row 1 of this run, " in output


def test_what_holds_for_several_resources_is_told_once(
    api: Sandbox, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "wrong")
    status, output = check()
    assert status == 1
    assert output.split("\n\n")[1:] == [
        "bounces, messages, deliverystats, servers, domains: the API refused the key (401). Set "
        "api_key in .dlt/secrets.toml or the environment variable API_KEY.\n"
    ]


def test_an_api_that_is_down_is_not_reachable(api: Sandbox, check: Check) -> None:
    api.stop()
    status, output = check()
    assert (status, cells(output)["domains"]) == (1, ["no", "-", "-", "-", "-", "-"])
    assert f"domains: {api.base_url} refused the connection. Tried 1 time;" in output


def test_without_a_key_nothing_is_asked(
    api: Sandbox, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("API_KEY")
    status, output = check()
    assert (status, cells(output)["domains"][:2], api.requests) == (1, ["-", "no"], [])
    assert "domains: there is no API key. Set api_key in .dlt/secrets.toml or " in output


def test_a_vendor_that_is_not_there_is_one_sentence(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "nobody")
    status, output = check()
    assert status == 1
    assert output.startswith("vendor 'nobody' is neither one of this package's vendors nor a ")
    assert output.count("\n") == 1


# Other vendors


@pytest.mark.parametrize(
    ("endpoint", "page_size"),
    [
        (
            {"paginator": {"type": "cursor", "cursor_path": "next"}, "params": {"limit": 20}},
            "kept (20/20)",
        ),
        (
            {"paginator": {"type": "cursor", "cursor_path": "data[-1].id", "cursor_param": "x"}},
            "- (-/23)",
        ),
        ({"paginator": "single_page"}, "- (-/23)"),
    ],
)
def test_a_list_by_cursor_or_on_a_single_page_is_checked_as_well(
    api: Sandbox, check: Check, use_vendor: UseVendor, endpoint: dict[str, Any], page_size: str
) -> None:
    use_vendor(endpoint, bounces={})
    status, output = check()
    assert (status, list(cells(output))) == (0, ["bounces"])
    assert cells(output)["bounces"][:4] == ["yes", "yes", "-", page_size]
    assert [asked.resource for asked in api.requests] == ["bounces"]


def test_of_several_owners_the_first_ones_list_is_asked(
    api: Sandbox, check: Check, use_vendor: UseVendor
) -> None:
    each_server = {"resource": "servers", "id": "id", "secret": "token", "label": "server"}
    use_vendor(
        {"paginator": {"type": "offset", "limit": 50}},
        bounces={"primary_key": ["server", "id"], "for_each": each_server},
        servers={"never_load": ["token"]},
    )
    tokens = [KEY, "of-another-1", "of-another-2"]
    api.replace("servers", [{"id": n, "token": token} for n, token in enumerate(tokens)])
    api.replace("bounces", [{"id": 1}])

    status, output = check()

    assert (status, [asked.resource for asked in api.requests]) == (
        0,
        ["servers", "bounces", "servers"],
    )
    assert output.split("\n\n")[1:] == [
        "bounces (the first of 3 servers): id number, server number\nservers: id number\n"
    ]


@pytest.mark.usefixtures("servers_own_bounces")
def test_the_request_for_the_owners_is_not_repeated_either(api: Sandbox, check: Check) -> None:
    api.set_faults("servers", Fault("status"))
    status, output = check()
    assert (status, cells(output)["bounces"][:2]) == (1, ["yes", "-"])
    assert [asked.resource for asked in api.requests] == ["servers", "servers"]


@pytest.mark.usefixtures("servers_own_bounces")
def test_an_account_without_owners_has_no_rows(api: Sandbox, check: Check) -> None:
    api.replace("servers", [])
    status, output = check()
    assert (status, cells(output)["bounces"][:4]) == (0, ["yes", "yes", "0", "- (50/0)"])
    assert "bounces: no rows yet\n" in output


def test_rows_that_are_no_objects_are_told_without_a_value(
    api: Sandbox, check: Check, use_vendor: UseVendor
) -> None:
    use_vendor({"paginator": "single_page"}, bounces={}, servers={})
    api.replace("bounces", ["ann.baker7", "joe.miller8"])
    status, output = check()
    assert (status, cells(output)["servers"][:2]) == (1, ["yes", "yes"])
    assert "\nbounces: the API gave text as a row, not an object. " in output
    assert "ann.baker7" not in output
