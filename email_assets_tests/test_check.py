"""`make check`: what one page of each resource tells, before anything is scheduled."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from email_assets.check import main
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.conftest import KEY

NAMES = ["bounces", "messages", "deliverystats", "servers", "domains"]
Check = Callable[[], tuple[int, str]]
UseVendor = Callable[..., None]

ABOUT = {"kind": "event", "description": "A row."}
VENDOR_FILE = """
from email_assets.vendors import Secret

VENDOR = {vendor}
VENDOR["client"]["auth"]["api_key"] = Secret("api_key")
"""


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """The exit status of a check, and what it printed."""

    def run() -> tuple[int, str]:
        status = main([])
        return status, capsys.readouterr().out

    return run


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


def cells(output: str) -> dict[str, list[str]]:
    """The table: what it says of each resource, from left to right."""
    table = output.split("\n\n")[0].splitlines()[1:]
    return {cells[0]: cells[1:] for cells in (re.split(r"  +", line.strip()) for line in table)}


def ago(**duration: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**duration)).isoformat()


def strings_of(value: Any) -> set[str]:
    """Every text in a JSON value, but not the keys of its objects."""
    if isinstance(value, dict):
        return set().union(*map(strings_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings_of, value))
    return {value} if isinstance(value, str) else set()


# An API that works


TABLE = """\
  resource       reachable  authorised       rows  page size (asked/came)  newest  rate limits
  bounces        yes        yes               120  kept (100/100)             3 h  -
  messages       yes        yes                 1  kept (100/1)            12 min  ratelimit: 9;w=1
  deliverystats  yes        yes                 0  - (100/0)                    -  -
  servers        yes        yes                 2  kept (100/2)                 -  -
  domains        yes        yes                 1  kept (100/1)              40 d  retry-after: 3

bounces: id number, bounced_at time
messages: id text, sent_at time
deliverystats: no rows yet
servers: id number, name text
domains: id number, created_at time, verified boolean
"""


def test_the_table_says_what_one_page_of_each_resource_tells(api: Sandbox, check: Check) -> None:
    api.replace("bounces", [{"id": n, "bounced_at": ago(hours=3, minutes=n)} for n in range(120)])
    api.replace("messages", [{"id": "a", "sent_at": ago(minutes=12, seconds=1)}])
    api.replace("deliverystats", [])
    api.replace("servers", [{"id": 1, "name": "Production"}, {"id": 2, "name": None}])
    api.replace("domains", [{"id": 1, "created_at": ago(days=40, hours=1), "verified": True}])
    api.set_faults("messages", Fault("headers", lines="RateLimit: 9;w=1\nServer: nginx"))
    api.set_faults("domains", Fault("headers", lines="Retry-After: 3"))

    assert check() == (0, TABLE)


def test_each_resource_is_asked_once_for_the_page_that_a_sync_asks_for(
    api: Sandbox, check: Check
) -> None:
    check()
    assert [(asked.resource, asked.offset, asked.limit) for asked in api.requests] == [
        (name, 0, 100) for name in NAMES
    ]


def test_nothing_is_written(
    api: Sandbox, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check()
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_no_value_address_or_key_is_printed(api: Sandbox, check: Check) -> None:
    api.replace("servers", [{"id": 1, "ann.baker7@bluebird.example": "x"}])
    lines = f"RateLimit-Policy: ann.baker7@bluebird.example;w=1\nRateLimit: {KEY};r=7"
    api.set_faults("servers", Fault("headers", lines=lines))
    api.set_faults("domains", Fault("echo_error"))

    _, output = check()

    values = set().union(*(strings_of(api.rows(name)[:100]) for name in NAMES))
    names = {key for name in NAMES for row in api.rows(name)[:1] for key in row}
    words = set(re.findall(r"[^\s,:]+", output))
    assert len(values) > 300
    assert (values - names) & words == set()
    assert "ratelimit: …;r=7" in output
    assert KEY not in output
    assert "@" not in output


def test_the_columns_beyond_the_first_eight_are_counted(api: Sandbox, check: Check) -> None:
    api.replace("bounces", [{"id": 1, **{f"c{n}": n for n in range(10)}}])
    _, output = check()
    assert "\nbounces: id number, c0 number, c1 number, c2 number, c3 number, c4 number, " in output
    assert "c5 number, c6 number, 3 more\n" in output


def test_a_columns_type_is_that_of_all_its_values(api: Sandbox, check: Check) -> None:
    api.replace(
        "bounces",
        [
            {"id": 1, "a": None, "b": None, "c": [1], "d": {"e": 1}, "f": 1, "g": "2026-01-31"},
            {"id": 2, "a": 1.5, "b": None, "c": [], "d": None, "f": "1", "g": None, "h": True},
        ],
    )
    _, output = check()
    assert (
        "\nbounces: id number, a number, b null, c list, d object, f number or text, g text, "
        "h boolean\n"
    ) in output


def test_a_column_that_steers_the_terminal_does_not(api: Sandbox, check: Check) -> None:
    api.replace("bounces", [{"id": 1, "a\x1b[31m\nb": 1}])
    assert "\nbounces: id number, a[31mb number\n" in check()[1]


@pytest.mark.parametrize(
    "name", ["X-RateLimit-Limit", "X-RateLimit-Reset", "RateLimit-Policy", "RateLimit"]
)
def test_headers_about_rate_limits_are_told_by_any_of_their_names(
    api: Sandbox, check: Check, name: str
) -> None:
    api.set_faults("bounces", Fault("headers", lines=f"{name}: 9\nX-Other: 1\nRetry-After: 2"))
    expected = f"{name.lower()}: 9, retry-after: 2"
    assert cells(check()[1])["bounces"][5] == expected


# Page sizes, totals and times: only what is certain


@pytest.mark.parametrize(
    ("faults", "rows", "page_size"),
    [
        ([], "250", "kept (100/100)"),
        ([Fault("page_cap", rows=50)], "250", "not kept (100/50)"),
        ([Fault("no_total")], "-", "kept (100/100)"),
        ([Fault("no_total"), Fault("page_cap", rows=50)], "-", "- (100/50)"),
        ([Fault("duplicate")], "250", "not kept (100/101)"),
        ([Fault("empty")], "0", "- (100/0)"),
    ],
)
def test_a_page_size_is_kept_or_not_or_not_known(
    api: Sandbox, check: Check, faults: list[Fault], rows: str, page_size: str
) -> None:
    api.set_faults("messages", *faults)
    status, output = check()
    assert (status, cells(output)["messages"][2:4]) == (0, [rows, page_size])


@pytest.mark.parametrize(
    ("times", "newest"),
    [
        ([3, 2, 1], "1 h"),  # the page is the whole list
        ([1, 2, 3], "1 h"),
        ([-1], "0 s"),
        ([1, None], "-"),
        (range(1, 121), "1 h"),  # more pages follow, of older rows
        (range(121, 1, -1), "-"),  # more pages follow, of newer rows
        ([5] * 120, "-"),
    ],
)
def test_the_newest_rows_age_is_told_where_the_page_has_that_row(
    api: Sandbox, check: Check, times: list[int | None], newest: str
) -> None:
    hours = [None if at is None else ago(hours=at) for at in times]
    api.replace("bounces", [{"id": n, "at": at} for n, at in enumerate(hours)])
    assert cells(check()[1])["bounces"][4] == newest


@pytest.mark.parametrize("more", [{"updated_at": "2026-01-31T12:00:00Z"}, {"day": "2026-01-31"}])
def test_a_time_is_taken_for_the_rows_only_if_there_is_no_other(
    api: Sandbox, check: Check, more: dict[str, str]
) -> None:
    api.replace("bounces", [{"id": 1, "at": ago(hours=1), **more}])
    assert cells(check()[1])["bounces"][4] == ("-" if "updated_at" in more else "1 h")


def test_the_cursor_path_says_which_time_it_is(
    api: Sandbox, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BOUNCES__CURSOR_PATH", "seen.at")
    api.replace("bounces", [{"id": 1, "other": ago(hours=9), "seen": {"at": ago(hours=2)}}])
    assert cells(check()[1])["bounces"][4] == "2 h"


def test_a_cursor_path_without_a_time_fails_as_a_sync_would(
    api: Sandbox, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BOUNCES__CURSOR_PATH", "type")
    status, output = check()
    assert status == 1
    assert "\n\nbounces: type, the cursor_path, holds something that is no time. Set " in output


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


def test_the_request_for_the_owners_is_not_repeated_either(
    api: Sandbox, check: Check, use_vendor: UseVendor
) -> None:
    for_each = {"resource": "servers", "id": "id", "label": "server"}
    use_vendor(
        {"paginator": {"type": "offset", "limit": 50}}, servers={}, bounces={"for_each": for_each}
    )
    api.set_faults("servers", Fault("status"))
    status, output = check()
    assert (status, cells(output)["bounces"][:2]) == (1, ["yes", "-"])
    assert [asked.resource for asked in api.requests] == ["servers", "servers"]


def test_an_account_without_owners_has_no_rows(
    api: Sandbox, check: Check, use_vendor: UseVendor
) -> None:
    for_each = {"resource": "servers", "id": "id", "label": "server"}
    use_vendor(
        {"paginator": {"type": "offset", "limit": 50}}, servers={}, bounces={"for_each": for_each}
    )
    api.replace("servers", [])
    status, output = check()
    assert (status, cells(output)["bounces"][:4]) == (0, ["yes", "yes", "0", "- (50/0)"])
    assert "bounces: no rows yet\n" in output


def test_a_vendors_file_that_does_not_fit_fails_without_a_value(
    api: Sandbox, check: Check, use_vendor: UseVendor
) -> None:
    use_vendor({"paginator": "single_page"}, bounces={}, servers={})
    api.replace("bounces", ["ann.baker7", "joe.miller8"])
    status, output = check()
    assert (status, cells(output)["servers"][:2]) == (1, ["yes", "yes"])
    assert "bounces: the vendor's file does not fit what the API gave (TypeError).\n" in output
    assert "ann.baker7" not in output


# The command


def test_the_command_says_what_to_set_while_no_api_is_configured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "email_assets.check"],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "API_KEY"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "bounces: no API is configured yet. Set it as [sources.email] base_url in "
        ".dlt/config.toml or as SOURCES__EMAIL__BASE_URL. The key goes into api_key in "
        ".dlt/secrets.toml or API_KEY.\n"
    )
