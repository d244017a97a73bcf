"""Words of a vendor's file for an API's rows, totals and key that dlt has none for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.sync.one_page import inquire
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.syncing import EVERYTHING, load, synced_in_sight
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]

Query = Callable[[str], list[tuple[Any, ...]]]
Describe = Callable[..., None]

KEY = "rows/with+signs=3e8"
AT = datetime(2026, 4, 3, 12, 30, 15, tzinfo=timezone.utc)
VENDOR = """
from email_assets.vendors import Secret

{functions}

VENDOR = {{
    "client": {{"base_url": "{base_url}", "auth": {auth}}},
    "resource_defaults": {{"primary_key": "id", "write_disposition": "merge"}},
    "resources": [
        {{
            "name": "things",
            "kind": "event",
            "description": "A thing.",
            {words}
            "endpoint": {{"path": "/things", "data_selector": "things", {endpoint}}},
        }},
    ],
}}
"""
BEARER = '{"type": "bearer", "token": Secret("sources.email.things.api_key")}'
IN_BODY = """{
    "type": "api_key",
    "name": "key",
    "api_key": Secret("sources.email.things.api_key"),
    "location": "body",
}"""
TIMES = """"columns": {
    "at": {"data_type": "timestamp"},
    "state__since": {"data_type": "timestamp"},
},"""


class ThingsServer(VendorServer):
    """Gives pages of things, each with a link to the next, and whatever total it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[list[dict[str, Any]]] = [[]]
        self.total: int | None = None

    def answer(self, asked: Asked) -> Answer:
        in_body = isinstance(asked.body, dict) and asked.body.get("key") == KEY
        if not in_body and asked.headers.get("Authorization") != f"Bearer {KEY}":
            return Answer(401, {"error": "no key"})
        number = int(asked.query.get("page", "0"))
        is_last = number + 1 == len(self.pages)
        following = None if is_last else f"{self.base_url}/things?page={number + 1}"
        return Answer(
            200, {"things": self.pages[number], "next": following, "count": {"all": self.total}}
        )


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThingsServer]:
    with ThingsServer() as running:
        monkeypatch.setenv("SOURCES__EMAIL__THINGS__API_KEY", KEY)
        yield running


@pytest.fixture
def describe(api: ThingsServer, use_vendor: UseVendor) -> Describe:
    """Describes the API in a vendor's file."""

    def described(
        words: str = "",
        *,
        endpoint: str = '"paginator": "single_page"',
        auth: str = BEARER,
        functions: str = "",
    ) -> None:
        parts = {"words": words, "endpoint": endpoint, "auth": auth, "functions": functions}
        use_vendor(VENDOR.format(base_url=api.base_url, **parts))

    return described


class TestTimes:
    @pytest.mark.parametrize(
        "written",
        [
            1775219415,
            1775219415.0,
            1775219415000,
            "1775219415",
            "Fri, 03 Apr 2026 12:30:15 +0000",
            "Fri, 03 Apr 2026 14:30:15 +0200",
            "2026-04-03T12:30:15Z",
        ],
        ids=str,
    )
    def test_a_column_of_times_holds_times_however_they_are_written(
        self, written: Any, api: ThingsServer, describe: Describe, query: Query
    ) -> None:
        describe(TIMES)
        api.pages = [[{"id": 1, "at": written, "state": {"since": written}}]]

        load("things")

        assert query('SELECT "at", state__since FROM email.things') == [(AT, AT)]

    def test_what_is_no_time_is_not_lost(
        self, api: ThingsServer, describe: Describe, query: Query
    ) -> None:
        describe(TIMES)
        api.pages = [[{"id": 1, "at": 1775219415}, {"id": 2, "at": "never"}, {"id": 3, "at": True}]]

        load("things")

        found = query('SELECT id, "at", at__v_text, at__v_bool FROM email.things ORDER BY id')
        assert found == [(1, AT, None, None), (2, None, "never", None), (3, None, None, True)]

    @pytest.mark.slow
    @pytest.mark.parametrize("before", ["Fri, 03 Apr 2026 12:30:15 +0000", 1775219415], ids=str)
    def test_a_table_whose_column_holds_no_times_loads_on(
        self, before: Any, api: ThingsServer, describe: Describe, query: Query
    ) -> None:
        describe()
        api.pages = [[{"id": 1, "at": before}]]
        load("things")

        describe(TIMES)
        api.pages = [[{"id": 1, "at": before}, {"id": 2, "at": before}]]
        load("things")
        load("things", EVERYTHING)

        assert query('SELECT "at" FROM email.things') == [(before,), (before,)]


class TestTotalsOfListsByLink:
    @pytest.fixture(autouse=True)
    def three_pages(self, api: ThingsServer, describe: Describe) -> None:
        describe(
            '"total_path": "count.all",',
            endpoint='"paginator": {"type": "json_link", "next_url_path": "next"}',
        )
        api.pages = [[{"id": page * 10 + n} for n in range(10)] for page in range(3)]

    def test_a_list_that_was_read_to_its_end_is_as_long_as_the_api_said(
        self, api: ThingsServer
    ) -> None:
        api.total = 30

        report = load("things")

        assert (report.api_total, report.rows_listed) == (30, 30)

    def test_rows_that_do_not_come_are_missed(self, api: ThingsServer) -> None:
        api.total = 47

        report = load("things")

        assert (report.api_total, report.rows_listed) == (47, 30)

    def test_the_question_for_one_page_tells_it(self, api: ThingsServer) -> None:
        api.total = 30
        account = configured_account()

        found = inquire(account, account.resources["things"])

        assert found.page
        assert found.page.total == 30


class TestFieldsThatAreNeverLoaded:
    def test_those_that_no_row_has_are_told(self, api: ThingsServer, describe: Describe) -> None:
        describe('"never_load": ["hiden", "access.token", "hidden", "access.tokn"],')
        api.pages = [[{"id": 1, "hidden": "unseen"}, {"id": 2, "access": [{"token": "unseen"}]}]]
        said: list[str] = []

        load("things", say=said.append)

        assert [line for line in said if "no row has" in line] == [
            "things: no row has access.tokn, hiden, which never_load of the vendor's file names. "
            "Correct it if its name is another."
        ]


class TestAKeyInTheBody:
    def test_it_opens_the_api_and_is_nowhere(
        self,
        api: ThingsServer,
        describe: Describe,
        warehouse: Path,
    ) -> None:
        describe(
            '"never_load": ["hidden"],',
            endpoint='"paginator": "single_page", "method": "POST", "json": {"limit": 5}',
            auth=IN_BODY,
        )
        api.pages = [[{"id": 1, "note": "seen", "hidden": "unseen", "echo": f"you said {KEY}"}]]

        traces = synced_in_sight(["things"], warehouse.parent)

        assert {asked.body["limit"] for asked in api.requests} == {5}
        assert b"seen" in traces.written
        assert KEY.encode() not in traces.written
        assert KEY not in traces.said

    def test_it_goes_with_a_body_that_has_nothing_else(
        self, api: ThingsServer, describe: Describe
    ) -> None:
        describe(endpoint='"paginator": "single_page", "method": "POST"', auth=IN_BODY)

        assert load("things").usage.requests == 1


class TestStepsThatMakeOneRowOfAnother:
    FLAT = """
def flat(row):
    return {"id": row["date"], **row["stats"][0]["metrics"]}
"""

    @pytest.fixture(autouse=True)
    def nested_statistics(self, api: ThingsServer, describe: Describe) -> None:
        describe('"processing_steps": [{"map": flat}],', functions=self.FLAT)
        api.pages = [
            [
                {"date": f"2026-04-0{day}", "stats": [{"metrics": {"sent": day, "opened": 1}}]}
                for day in (1, 2)
            ]
        ]

    def test_figures_are_columns_of_one_row_a_day(self, query: Query) -> None:
        load("things")

        assert query("SELECT id, sent, opened FROM email.things ORDER BY id") == [
            ("2026-04-01", 1, 1),
            ("2026-04-02", 2, 1),
        ]

    def test_the_question_for_one_page_finds_their_key(self) -> None:
        account = configured_account()

        found = inquire(account, account.resources["things"])

        assert (found.failure, found.page and len(found.page.rows)) == ("", 2)
