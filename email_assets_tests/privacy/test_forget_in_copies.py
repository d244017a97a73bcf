"""`email-assets forget`, where somebody has made tables of those that are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from email_assets.privacy.forget import forget
from email_assets.privacy.receipt import Receipt
from email_assets.sandbox import Sandbox
from email_assets_tests.privacy.privacy_fixtures import SALT
from email_assets_tests.queries import Place, on_both
from email_assets_tests.warehouses import Query, change, load

ANN, BOB = "ann@example.org", "bob@example.org"
JOINED = """
CREATE TABLE email.{} AS SELECT m._dlt_id, m.id, r.email FROM email.messages AS m
JOIN email.messages__recipients AS r ON r._dlt_parent_id = m._dlt_id
"""


@pytest.fixture
def api(api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The API with a mail to her, one that mentions her, one to her and Bob, and one to him."""
    monkeypatch.setenv("PRIVACY__SALT", SALT)
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    mails: dict[str, dict[str, Any]] = {
        "hers": {"to": ANN, "recipients": [{"email": ANN}]},
        "of her": {"subject": f"Where is {ANN}?", "recipients": [{"email": BOB}]},
        "theirs": {"recipients": [{"email": ANN}, {"email": BOB}]},
        "his": {"to": BOB, "recipients": [{"email": BOB}]},
    }
    api.replace("messages", [{"id": key, **mail} for key, mail in mails.items()])
    return api


def deleted(receipt: Receipt) -> dict[str, int]:
    return {**receipt.done["email"].deleted}


@pytest.mark.slow
@on_both
def test_she_is_gone_from_tables_and_from_copies_of_them(
    api: Sandbox, warehouse: Place, query: Query
) -> None:
    load("messages")
    for copy in ("a_copy", "messages_before", "z_copy"):
        for table in ("", "__recipients"):
            change(
                warehouse,
                f"CREATE TABLE email.{copy}{table} AS SELECT * FROM email.messages{table}",
            )

    receipt = forget(ANN)

    copies = ["messages", "a_copy", "messages_before", "z_copy"]
    for copy in copies:
        assert query(f'SELECT id, "to", subject FROM email.{copy} ORDER BY id') == [
            ("his", BOB, None),
            ("of her", None, "Where is …?"),
            ("theirs", None, None),
        ]
        assert query(f"SELECT email FROM email.{copy}__recipients") == [(BOB,)] * 3
    assert deleted(receipt) == {
        **dict.fromkeys(copies, 1),
        **{f"{copy}__recipients": 2 for copy in copies},
    }


@pytest.mark.slow
@on_both
def test_of_rows_that_share_an_id_hers_go_and_others_stay(
    api: Sandbox, warehouse: Place, query: Query
) -> None:
    load("messages")
    for name in ("a_list", "z_list"):
        change(warehouse, JOINED.format(name))

    receipt = forget(ANN)

    for name in ("a_list", "z_list"):
        assert query(f"SELECT id, email FROM email.{name} ORDER BY id") == [
            ("his", BOB),
            ("of her", BOB),
            ("theirs", BOB),
        ]
        assert deleted(receipt)[name] == 2


@pytest.mark.slow
@on_both
@pytest.mark.parametrize("ids", [["_dlt_id"], ["_dlt_root_id"], ["_dlt_root_id", "_dlt_id"]])
def test_rows_whose_id_is_missing_go_too_and_count_once(
    ids: list[str], api: Sandbox, warehouse: Place, query: Query
) -> None:
    load("messages")
    columns = ", ".join(f"{name} TEXT" for name in ("who", "whom", *ids))
    rows = [f"('{ANN}', '{ANN}')", f"(NULL, '{ANN}')", f"('{ANN}', NULL)", f"('{BOB}', NULL)"]
    change(
        warehouse,
        f"CREATE TABLE email.mine ({columns})",
        f"INSERT INTO email.mine (who, whom) VALUES {', '.join(rows)}",
        f"INSERT INTO email.mine (who, {ids[0]}) VALUES ('{ANN}', 'an id')",
    )

    receipt = forget(ANN)

    assert query("SELECT who, whom FROM email.mine") == [(BOB, None)]
    assert deleted(receipt)["mine"] == 4


LISTED = {
    "duckdb": [
        "CREATE TABLE email.listed (id INT, who STRUCT(email TEXT, opens INT)[], names TEXT[])",
        f"INSERT INTO email.listed VALUES (1, [{{'email': '{ANN}', 'opens': 1}}], NULL)",
        f"INSERT INTO email.listed VALUES (2, [{{'email': '{BOB}', 'opens': 1}}], ['{BOB}'])",
        f"INSERT INTO email.listed VALUES (3, NULL, ['{ANN}', '{BOB}'])",
        "CREATE TABLE email.counted AS SELECT map {'" + ANN + "': 1, '" + BOB + "': 2} AS opens",
    ],
    "postgres": [
        "CREATE TABLE email.listed (id INT, who JSONB[], names TEXT[])",
        f"""INSERT INTO email.listed VALUES (1, ARRAY['{{"email": "{ANN}"}}'::jsonb], NULL)""",
        f"INSERT INTO email.listed VALUES (2, NULL, ARRAY['{BOB}'])",
        f"INSERT INTO email.listed VALUES (3, NULL, ARRAY['{ANN}', '{BOB}'])",
        "CREATE TYPE email.pair AS (who TEXT, opens INT)",
        f"CREATE TABLE email.counted AS SELECT ROW('{ANN}', 1)::email.pair AS opens",
    ],
}


@pytest.mark.slow
@on_both
def test_rows_with_lists_and_objects_that_name_her_go_as_a_whole(
    api: Sandbox, warehouse: Place, query: Query
) -> None:
    load("messages")
    if isinstance(warehouse, Path):
        change(warehouse, *LISTED["duckdb"])
    else:
        warehouse.change(*LISTED["postgres"])

    receipt = forget(ANN)

    assert query("SELECT id FROM email.listed") == [(2,)]
    assert query("SELECT count(*) FROM email.counted") == [(0,)]
    assert (deleted(receipt)["listed"], deleted(receipt)["counted"]) == (2, 1)
