"""PostgreSQL takes Parquet where Apache Arrow's driver is installed, with the same tables."""

from __future__ import annotations

import json

import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.column_layout import NESTING
from email_assets.sync.dlt_seam import FIRST_ROWS
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.postgres import Database
from email_assets_tests.queries import WAREHOUSES
from email_assets_tests.warehouses import Query, Row, columns_of, items, never, table

pytest.importorskip("adbc_driver_postgresql", reason="needs the extra `postgres`")
pytestmark = pytest.mark.parametrize("warehouse", WAREHOUSES[1:], indirect=True)

WITHOUT_DRIVER = "DISABLE_ADBC_DETECTION"
"""dlt's setting by which the driver counts as missing."""


def formats_of(api: Sandbox, *rows: Row) -> set[str]:
    """Sync these rows; gives the formats of the files that were loaded."""
    api.replace("domains", rows)
    with open_pipeline(configured_account().warehouse, "domains") as pipeline:
        done = sync(configured_account(), pipeline, "domains", say=print, sleep=never)
    (package,) = done.load_info.load_packages
    files = [job.job_file_info for job in package.jobs["completed_jobs"]]
    formats: set[str] = {of.file_format for of in files if of.table_name.startswith("domains")}
    return formats - {"sql"}


def numbered(count: int) -> list[Row]:
    return [{"id": number, "name": "n", "to": [{"x": "y"}]} for number in range(count)]


def test_rows_go_in_files_of_parquet(api: Sandbox, query: Query) -> None:
    assert formats_of(api, *numbered(3)) == {"parquet"}
    assert table(query, "domains")[2] == {"id": 2, "name": "n"}


def test_without_the_driver_they_go_as_statements(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WITHOUT_DRIVER, "true")
    assert formats_of(api, *numbered(3)) == {"insert_values"}
    assert table(query, "domains")[2] == {"id": 2, "name": "n"}


@pytest.mark.usefixtures("api")
def test_a_file_need_not_fit_into_memory(query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    monkeypatch.setenv("DATA_WRITER__BUFFER_MAX_ITEMS", "500")  # dlt's default is 5,000
    rows = [{"id": number, "name": f"{number:2000}"} for number in range(5000)]
    usual = pyarrow.default_memory_pool()
    counted = pyarrow.proxy_memory_pool(usual)  # whose count begins at 0
    with open_pipeline(configured_account().warehouse, "domains") as pipeline:
        pipeline.extract(rows, table_name="domains", loader_file_format="parquet")
        pipeline.normalize()
        pyarrow.set_memory_pool(counted)
        try:
            pipeline.load()
        finally:
            pyarrow.set_memory_pool(usual)
    assert query("SELECT count(*) FROM email.domains") == [(len(rows),)]
    assert counted.max_memory() < 2000 * len(rows) / 2


def test_a_driver_may_come_and_go(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = numbered(4)
    formats_of(api, *rows[:1])
    monkeypatch.setenv(WITHOUT_DRIVER, "true")
    assert formats_of(api, *rows[:3]) == {"insert_values"}
    monkeypatch.delenv(WITHOUT_DRIVER)
    assert formats_of(api, *rows) == {"parquet"}
    assert items(query, "domains", "to") == {number: [{"x": "y"}] for number in range(4)}
    assert [record.getMessage() for record in caplog.records if record.levelno > 20] == []


def test_json_keeps_statements_once_there_is_a_column_of_it(api: Sandbox, query: Query) -> None:
    deep: object = "\x00"
    for _ in range(NESTING + 1):
        deep = {"d\x00": deep}
    rows = [*numbered(FIRST_ROWS), {"id": 1000, "deep": deep}]
    assert formats_of(api, *rows) == {"parquet"}  # nobody knew
    rows.append({"id": 1001, "deep": deep})
    assert formats_of(api, *rows) == {"insert_values"}
    # a column that PostgreSQL reads as JSON; in both rows the NUL is written out
    (column,) = [name for name in columns_of(query, "domains") if name.startswith("deep")]
    texts = query(f"SELECT CAST({column} AS VARCHAR) FROM email.domains WHERE id >= 1000")
    first, second = (json.loads(text) for (text,) in texts)
    assert first == second == {r"d\u0000": r"\u0000"}


@pytest.mark.parametrize("place", [0, FIRST_ROWS + 5])
def test_a_nul_is_written_out_in_text_and_in_items(place: int, api: Sandbox, query: Query) -> None:
    rows = numbered(FIRST_ROWS + 50)
    rows[place] |= {"name": "a\x00b", "to": [{"x": "\x00"}]}
    assert formats_of(api, *rows) == {"parquet"}
    assert table(query, "domains")[place]["name"] == "a\\u0000b"
    assert items(query, "domains", "to")[place] == [{"x": "\\u0000"}]
    assert formats_of(api, *rows, {"id": 10_000}) == {"parquet"}
    assert query("SELECT count(*) FROM email.domains") == [(len(rows) + 1,)]


def test_text_is_the_same_in_a_database_of_another_encoding(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.change(f"ALTER DATABASE {warehouse.name} SET client_encoding = 'LATIN1'")
    address = f"{warehouse.url}?client_encoding=latin1"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    for without in ("true", "false"):
        monkeypatch.setenv(WITHOUT_DRIVER, without)
        formats_of(api, {"id": "Köln", "name": f"Zürich {without}"})
        found = warehouse.ask("SELECT convert_to(id || name, 'UTF8') FROM email.domains")
        assert [bytes(text).decode() for (text,) in found] == [f"KölnZürich {without}"]
