"""The connection check of an API that works tells only what is certain."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from email_assets.clock import now
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests import programs
from email_assets_tests.check_fixtures import NAMES, Check, cells, check
from email_assets_tests.conftest import KEY

__all__ = ["check"]


def ago(**duration: float) -> str:
    return (now() - timedelta(**duration)).isoformat()


def strings_of(value: Any) -> set[str]:
    """Every text in a JSON value, but not the keys of its objects."""
    if isinstance(value, dict):
        return set().union(*map(strings_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings_of, value))
    return {value} if isinstance(value, str) else set()


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


# An API that works


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
    assert "\nbounces: id number, ab number\n" in check()[1]


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


# The command


def test_a_key_without_an_address_says_what_to_set(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "a-key")

    assert check() == (
        1,
        "bounces: no API is configured yet. Set it as [sources.email] base_url in "
        ".dlt/config.toml or as SOURCES__EMAIL__BASE_URL. Set api_key in "
        ".dlt/secrets.toml or the environment variable API_KEY.\n",
    )


def test_without_any_api_the_sandbox_is_asked_and_nothing_is_written(tmp_path: Path) -> None:
    ended = programs.run(
        *("python", "-m", "email_assets.check"),
        home=tmp_path / "home",
        cwd=tmp_path,
        env={"DLT_PROJECT_DIR": os.environ["DLT_PROJECT_DIR"]},
    )

    assert ended.status == 0, ended.said
    assert ended.said.startswith("The bundled sandbox API: http://127.0.0.1:")
    assert cells(ended.said.partition("\n\n")[2])["messages"][:3] == ["yes", "yes", "5000"]
    assert [path.name for path in tmp_path.rglob("*")] == ["home", "output"]
