"""`deploy/machine/backup` copies the warehouse while the platform runs, and a copy catches up."""

import stat
import subprocess
from pathlib import Path

import duckdb
import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import PROJECT
from email_assets_tests.processes import holding, stopped
from email_assets_tests.programs import BIN
from email_assets_tests.warehouses import Query, listed, load, table

pytestmark = pytest.mark.slow


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The shipped script, with the tests' Python in it."""
    text = (PROJECT / "deploy/machine/backup").read_text()
    file = tmp_path / "backup"
    file.write_text(text.replace("/opt/email_assets/.venv/bin/", f"{BIN}/"))
    return file


def back_up(script: Path, warehouse: Path) -> Path:
    copy = warehouse.with_name("copy.duckdb")
    subprocess.run(["sh", script, warehouse, copy], check=True, timeout=300, umask=0o022)
    return copy


def test_a_copy_that_is_put_back_catches_up(
    api: Sandbox, script: Path, warehouse: Path, query: Query
) -> None:
    load("messages")
    copy = back_up(script, warehouse)
    api.insert_head("messages", 7)
    load("messages")

    copy.replace(warehouse)
    load("messages")

    assert table(query, "messages") == listed(api.rows("messages"))


def test_a_copy_has_what_a_killed_run_left_in_the_log(
    script: Path, warehouse: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS id")
        connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        connection.execute("INSERT INTO t VALUES (2)")
    assert warehouse.with_name(f"{warehouse.name}.wal").exists()

    with duckdb.connect(str(back_up(script, warehouse)), read_only=True) as connection:
        assert connection.execute("SELECT id FROM t ORDER BY id").fetchall() == [(1,), (2,)]


def test_a_copy_is_its_owners_only(script: Path, warehouse: Path) -> None:
    duckdb.connect(str(warehouse)).close()

    assert stat.filemode(back_up(script, warehouse).stat().st_mode) == "-rw-------"


@pytest.mark.parametrize("rows", [1, 100_000], ids=["at its end", "half way"])
def test_a_copy_that_broke_off_is_not_taken_for_one_and_keeps_the_next_from_nothing(
    rows: int, script: Path, warehouse: Path
) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT random() AS n FROM range({rows})")
    copy = warehouse.with_name("copy.duckdb")
    full_disk = f"ulimit -f 100; exec sh '{script}' '{warehouse}' '{copy}'"

    broken_off = subprocess.run(["sh", "-c", full_disk], timeout=300, stderr=subprocess.DEVNULL)

    assert (broken_off.returncode, copy.exists()) == (1, False)
    with duckdb.connect(str(back_up(script, warehouse)), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(rows,)]


def test_it_waits_for_a_sync_that_has_its_turn(script: Path, warehouse: Path) -> None:
    duckdb.connect(str(warehouse)).close()
    with holding("lock", Path(f"{warehouse}.lock")) as sync:
        backup = subprocess.Popen(["sh", script, warehouse, warehouse.with_name("copy.duckdb")])
        with pytest.raises(subprocess.TimeoutExpired):
            backup.wait(0.5)
        sync.let_go()
    assert backup.wait(300) == 0


def test_it_goes_beside_a_sync_that_reads_the_api(
    api: Sandbox, script: Path, warehouse: Path
) -> None:
    load("messages")
    with stopped("messages", "extract"):
        assert back_up(script, warehouse).exists()
