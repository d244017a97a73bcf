"""`make run` and `make ui`, as a newcomer sees them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from email_assets.quickstart.api import chosen_api
from email_assets.sync import watched
from email_assets_tests.clock import beginning_at
from email_assets_tests.conftest import PROJECT

pytestmark = pytest.mark.slow

NOON = "2026-06-15T12:00:00Z"
"""A moment before which more than enough of a day's mail bounces in the sandbox."""


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The output of a newcomer's first run, and the folder it wrote to."""
    folder = tmp_path_factory.mktemp("first_run")
    (folder / "dagster").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "email_assets.quickstart", "run"],
        env={
            **os.environ,
            **beginning_at(NOON),
            "DAGSTER_HOME": str(folder / "dagster"),
            watched.FILE: str(folder / "progress"),
            # a warehouse is configured already, as it may be, and an API is not
            "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "production.duckdb"),
            "WAREHOUSE__DESTINATION_TYPE": "postgres",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout, folder


def test_a_first_run_loads_the_five_assets(first_run: tuple[str, Path]) -> None:
    _, folder = first_run
    with duckdb.connect(
        str(folder / "dagster" / "sandbox" / "warehouse.duckdb"), read_only=True
    ) as warehouse:
        (messages,) = warehouse.sql("SELECT count(*) FROM email.messages").fetchall()[0]
        (servers,) = warehouse.sql("SELECT count(*) FROM email.servers").fetchall()[0]
    assert (messages, servers) == (5000, 5)


@pytest.mark.slow
def test_a_first_run_tells_how_far_each_asset_is(first_run: tuple[str, Path]) -> None:
    _, folder = first_run
    told = [json.loads(line) for line in (folder / "progress").read_text().splitlines()]
    ends = {line["asset"]: line["text"] for line in told if line["state"] == "done"}

    assert {"loading 5,000 rows …", "asking the API …"} <= {line["text"] for line in told}
    assert ends == {
        "bounces": "455 rows loaded",
        "deliverystats": "7 rows loaded",
        "domains": "8 rows loaded",
        "messages": "5,000 rows loaded",
        "servers": "5 rows loaded",
        "deliverability_daily": "248 rows in the table",
        "deliverability_report": "written",
    }


def test_a_first_run_ends_with_a_table_of_assets_rows_and_checks(
    first_run: tuple[str, Path],
) -> None:
    output, _ = first_run
    table = dict(re.findall(r"^  (\w+) +(\d+) +\d+ +\d+ +[\d.]+  ", output, re.MULTILINE))
    made_of_them = re.findall(r"^  (deliverability_\w+) {4,}(\d*) +[\d.]+(.*)$", output, re.M)
    assert table == {
        "bounces": "455",
        "deliverystats": "7",
        "domains": "8",
        "messages": "5000",
        "servers": "5",
    }
    assert output.count("✓ 4 of 4") == 5
    assert [name for name, _, _ in made_of_them] == [
        "deliverability_daily",
        "deliverability_report",
    ]
    assert "! bounce_rate" in made_of_them[0][2]
    assert int(made_of_them[0][1]) >= 8 * 30


def test_mail_that_bounces_is_something_to_look_at_and_no_failure(
    first_run: tuple[str, Path],
) -> None:
    output, _ = first_run
    said = re.search(
        r"^! bounce_rate: deliverability_daily: .*\n(?:! complaint_rate: .*\n)?(.*)", output, re.M
    )
    assert said
    assert said[1].startswith("The run is fine: mail of the sandbox's")
    assert "✗" not in output


def test_a_first_run_names_the_next_two_commands(first_run: tuple[str, Path]) -> None:
    output, _ = first_run
    after = output.split("Next:\n")[1].strip().splitlines()
    assert len(after) == 2
    assert after[0].startswith("make ui")
    query = after[1].strip().removeprefix(".venv/bin/python -c ")
    shown = subprocess.run(
        f"{sys.executable} -c {query}", shell=True, cwd=PROJECT, capture_output=True, text=True
    )
    assert "message_id" in shown.stdout, shown.stderr


def test_what_a_first_run_writes_is_for_its_user_alone(first_run: tuple[str, Path]) -> None:
    _, folder = first_run
    written = [(folder / "dagster" / "sandbox"), *(folder / "dagster" / "sandbox").rglob("*")]

    assert len(written) > 10
    assert [path for path in written if path.stat().st_mode & 0o077] == [
        folder / "dagster" / "sandbox" / "dagster.yaml"  # which holds no data
    ]


def test_a_first_run_prints_no_warning(first_run: tuple[str, Path]) -> None:
    output, _ = first_run
    assert "warning" not in output.lower()


def test_a_key_without_an_address_is_no_reason_to_load_the_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each asset then fails with the sentence that `test_dagster_commands` looks for."""
    monkeypatch.setenv("API_KEY", "a-key")

    with chosen_api() as api:
        assert not api.is_sandbox
        assert api.description == "Your API: generic no base_url is set yet"


def test_the_sandbox_never_gets_into_a_warehouse_that_is_configured(
    first_run: tuple[str, Path],
) -> None:
    output, folder = first_run
    assert "postgres" not in output
    assert not (folder / "production.duckdb").exists()
