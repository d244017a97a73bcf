"""PostgreSQL's errors are one sentence each, which keeps the password."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from email_assets.errors import EmailAssetsError
from email_assets.sandbox import Sandbox
from email_assets_tests.postgres import Database, Server
from email_assets_tests.queries import WAREHOUSES
from email_assets_tests.warehouses import Query, load

pytestmark = pytest.mark.parametrize("warehouse", WAREHOUSES[1:], indirect=True)


def sentence(name: str = "domains") -> str:
    with pytest.raises(EmailAssetsError) as failure:
        load(name)
    assert (failure.value.__cause__, failure.value.__context__) == (None, None)
    return str(failure.value)


def test_a_wrong_password_names_the_setting_and_keeps_the_password(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = warehouse.url.replace("p%25ss%2Fword", "s3cret-but-wrong")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", wrong)
    told = sentence()
    assert told.startswith("domains: the warehouse's server did not let this user in: ")
    assert "DESTINATION__POSTGRES__CREDENTIALS" in told
    assert "s3cret" not in told


def test_a_database_that_is_not_there_names_the_setting(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"{warehouse.url}_no")
    assert "DESTINATION__POSTGRES__CREDENTIALS" in sentence()


def test_a_server_that_is_down_is_one_sentence_that_names_the_setting(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = warehouse.url.replace(f":{warehouse.server.port}/", ":9/")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", nobody)
    told = sentence()
    assert told.startswith("domains: the warehouse's server cannot be reached: ")
    assert "DESTINATION__POSTGRES__CREDENTIALS" in told


def test_an_address_without_a_password_is_one_sentence_that_names_it(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = warehouse.url.replace(":p%25ss%2Fword", "")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", without)
    assert "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD" in sentence()


def test_a_schema_that_the_user_may_not_make_is_one_sentence(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.change("CREATE ROLE reader LOGIN PASSWORD 'r'")
    url = f"postgresql://reader:r@127.0.0.1:{warehouse.server.port}/{warehouse.name}"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
    told = sentence()
    assert "permission denied for database" in told
    assert "\n" not in told


@pytest.fixture
def own_server(warehouse: Database, postgres_server: Server) -> Iterator[Server]:
    """The server, started again after the test."""
    yield postgres_server
    postgres_server.stop()
    postgres_server.start()


def test_a_server_that_goes_down_in_a_load_is_one_sentence_and_the_next_run_heals(
    api: Sandbox, warehouse: Database, own_server: Server, query: Query
) -> None:
    load("domains")
    api.replace("domains", [{"id": 1}])
    own_server.stop()
    assert "cannot be reached" in sentence()
    own_server.start()
    assert load("domains").row_count == 9
