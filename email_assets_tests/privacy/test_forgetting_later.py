"""People who are forgotten while a sync runs, who come back, or whom nobody can know any more."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.cli import main
from email_assets.defs.privacy import build_privacy_checks
from email_assets.privacy.pseudonyms import Pseudonyms
from email_assets.sandbox import Sandbox
from email_assets.settings.resolve import SettingError
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.privacy.privacy_fixtures import SALT
from email_assets_tests.queries import Place, on_both
from email_assets_tests.warehouses import Query, change, load

__all__ = ["instance"]

ANN, BOB = "ann@example.org", "bob@example.org"
ROWS = [{"id": 1, "email": ANN}, {"id": 2, "email": BOB}]


@pytest.fixture
def api(api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The API with two bounces, and a salt."""
    monkeypatch.setenv("PRIVACY__SALT", SALT)
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    api.replace("bounces", ROWS)
    return api


def ids(query: Query) -> list[int]:
    return [key for (key,) in query("SELECT id FROM email.bounces ORDER BY id")]


@on_both
def test_who_is_forgotten_while_a_sync_has_read_her_is_not_loaded(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVACY__DROP", '["bounces.misspelled"]')
    statuses = []

    def say(sentence: str) -> None:  # between reading and loading
        if "misspelled" in sentence:
            statuses.append(main(["forget", ANN]))

    load("bounces", say)

    assert statuses == [0]
    assert ids(query) == [2]


def evaluations(instance: dg.DagsterInstance) -> dict[str | None, dg.AssetCheckResult]:
    """The checks of bounces, evaluated on the warehouse as it is."""
    key = dg.AssetCheckKey(dg.AssetKey("bounces"), "forgotten")
    checks = build_privacy_checks(configured_account())
    (check,) = (found for found in checks if key in found.check_keys)
    results: Any = check(dg.build_asset_check_context(instance=instance))
    return {result.check_name: result for result in results}


def evaluation(instance: dg.DagsterInstance) -> dg.AssetCheckResult:
    return evaluations(instance)["forgotten"]


@pytest.mark.slow
def test_a_check_that_cannot_be_judged_does_not_keep_the_others_from_it(
    api: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("bounces")
    main(["forget", ANN])
    monkeypatch.setenv("PRIVACY__SALT", f"{SALT}!")
    monkeypatch.setenv("PRIVACY__DROP", '["bounces.tag"]')

    found = evaluations(instance)

    assert {name: of.passed for name, of in found.items()} == {
        "forgotten": False,
        "private_fields": True,
    }


@pytest.mark.slow
@on_both
def test_the_check_fails_once_she_is_back_until_the_pseudonym_is_forgotten_again(
    api: Sandbox, query: Query, warehouse: Place, instance: dg.DagsterInstance
) -> None:
    load("bounces")
    main(["forget", ANN])
    assert evaluation(instance).passed
    change(warehouse, "UPDATE email.bounces SET email = 'Ann@Example.org'")

    found = evaluation(instance)
    assert not found.passed
    assert found.description == (
        "bounces: people who were forgotten are in email.bounces (1). Run email-assets forget with "
        "the pseudonym of any receipt, which deletes them all."
    )

    main(["forget", Pseudonyms(SALT).of(BOB)])
    assert evaluation(instance).passed
    assert ids(query) == []


def test_a_lost_or_a_new_salt_stops_syncs(
    api: Sandbox, warehouse: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["forget", ANN])
    for salt, problem in {
        "": "bounces: people are forgotten in this warehouse, and there is no salt: a secret",
        f"{SALT}!": "bounces: people are forgotten in this warehouse by another salt, and would",
    }.items():
        monkeypatch.setenv("PRIVACY__SALT", salt)
        with pytest.raises(SettingError, match=problem):
            load("bounces")


def test_a_warehouse_that_cannot_be_searched_is_told(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", "snowflake")

    assert main(["forget", ANN]) == 1
    assert capsys.readouterr().out.startswith(
        "forget: only DuckDB and PostgreSQL can be searched for a person, and the warehouse is "
        "snowflake. Delete the rows there by hand"
    )


@pytest.mark.slow
@on_both
def test_another_salt_forgets_nobody_and_lets_syncs_go_on_with_the_first(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("bounces")
    main(["forget", ANN])
    with monkeypatch.context() as patch:
        patch.setenv("PRIVACY__SALT", f"{SALT}!")
        assert main(["forget", BOB]) == 1

    assert load("bounces").rows_withheld == 1
    assert ids(query) == [2]


@pytest.mark.slow
@on_both
def test_tables_whose_names_look_like_parameters_are_searched(
    api: Sandbox, warehouse: Place, query: Query
) -> None:
    load("bounces")
    names = ["open %", "bounces__%s", "%%s of %(who)s", "? of $1"]
    for name in names:
        change(
            warehouse,
            f'CREATE TABLE email."{name}" (who VARCHAR, "rate {name}" VARCHAR)',
            f"""INSERT INTO email."{name}" VALUES ('{ANN}', '5'), ('{BOB}', 'after {ANN}')""",
        )

    assert main(["forget", ANN]) == 0

    found = {name: query(f'SELECT * FROM email."{name}"') for name in names}
    assert found == {name: [(BOB, "after …")] for name in names}


def test_who_is_not_named_in_the_command_is_read_from_its_input(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("bounces")
    monkeypatch.setattr("sys.stdin", StringIO(f"{ANN}\n"))

    assert main(["forget"]) == 0
    assert ids(query) == [2]


@pytest.mark.parametrize(
    "person", ["", "ann", "Ann <ann@example.org>", f"{ANN} {BOB}", "a/ann@x.example"]
)
def test_what_is_no_address_is_refused(
    person: str, api: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", person]) == 1
    assert capsys.readouterr().out == (
        "forget: give one e-mail address without a name and without = / ? &, or the pseudonym "
        "(hmac:…) of an earlier receipt.\n"
    )
