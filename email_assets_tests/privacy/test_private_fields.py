"""Fields that are loaded as pseudonyms, and fields that are not loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.account.every import configured_accounts
from email_assets.account.private import private_fields
from email_assets.privacy.leftovers import leftovers
from email_assets.privacy.pseudonyms import PSEUDONYM, Pseudonyms
from email_assets.sandbox import Sandbox
from email_assets.settings.privacy import PrivateFields
from email_assets.settings.resolve import SettingError
from email_assets.sync.report import SyncReport
from email_assets.warehouse.destination import connected
from email_assets_tests.conftest import KEY
from email_assets_tests.privacy.privacy_fixtures import SALT, privacy
from email_assets_tests.queries import WAREHOUSES, Place, fresh_place, set_place
from email_assets_tests.warehouses import Query, columns_of, fresh_warehouse, load

HASHED = ["messages.recipients.email", "bounces.email"]


def left_over(resource: str) -> dict[str, int]:
    """The rows with values that stand as they came, by field."""
    account = configured_account()
    with connected(account.warehouse, resource, print, read_only=True) as client:
        assert client
        return leftovers(client, resource, private_fields(account, resource))


@dataclass
class Loaded:
    sandbox: Sandbox
    place: Place
    query: Query
    again: SyncReport
    said: list[str]


@pytest.fixture(scope="module", params=WAREHOUSES)
def loaded(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Loaded]:
    """Messages, more than dlt takes row by row, and bounces; the messages twice."""
    folder = tmp_path_factory.mktemp("private")
    place, said = fresh_place(folder, request), list[str]()
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        with (
            pytest.MonkeyPatch.context() as patch,
            fresh_warehouse(folder, sandbox, place) as query,
        ):
            hashed = [*HASHED, "messages.recipient"]
            for name, value in privacy(hashed, ["messages.metadata.customer"]).items():
                patch.setenv(name, value)
            load("messages", say=said.append)
            load("bounces")
            again = load("messages")
        yield Loaded(sandbox, place, query, again, said)


@pytest.mark.slow
def test_a_hashed_field_of_nested_rows_holds_pseudonyms_alone(loaded: Loaded) -> None:
    found = [email for (email,) in loaded.query("SELECT email FROM email.messages__recipients")]

    assert len(found) == sum(len(row["recipients"]) for row in loaded.sandbox.rows("messages"))
    assert all(map(PSEUDONYM.fullmatch, found))


@pytest.mark.slow
def test_tables_can_be_joined_by_a_hashed_field(loaded: Loaded) -> None:
    joined = loaded.query(
        "SELECT bounces.id, messages.id FROM email.bounces AS bounces "
        "JOIN email.messages__recipients AS recipients ON recipients.email = bounces.email "
        "JOIN email.messages AS messages ON messages._dlt_id = recipients._dlt_parent_id"
    )

    assert set(joined) == {
        (bounce["id"], message["id"])
        for bounce in loaded.sandbox.rows("bounces")
        for message in loaded.sandbox.rows("messages")
        if bounce["email"] in [recipient["email"] for recipient in message["recipients"]]
    }


def test_a_dropped_field_is_not_loaded(loaded: Loaded) -> None:
    columns = columns_of(loaded.query, "messages")

    assert "metadata__campaign" in columns
    assert "metadata__customer" not in columns


def test_the_check_names_fields_that_were_loaded_before_they_were_private(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = [*HASHED, "messages.from", "messages.metadata"]
    for name, value in privacy(hashed, ["messages.tag", "messages.metadata.customer"]).items():
        monkeypatch.setenv(name, value)
    set_place(monkeypatch, loaded.place)
    rows = loaded.sandbox.rows("messages")

    assert left_over("messages") == {
        "messages.from": len(rows),
        "messages.metadata": len(rows),
        "messages.tag": len([row for row in rows if row["tag"]]),
    }


def test_hashed_rows_that_did_not_change_are_not_loaded_again(loaded: Loaded) -> None:
    assert (loaded.again.rows_loaded, loaded.again.rows_unchanged) == (0, 250)


def test_a_private_field_that_no_row_has_is_told(loaded: Loaded) -> None:
    assert (
        "messages: no row has messages.recipient, which [privacy] names. Correct it if its name is "
        "another."
    ) in loaded.said


@pytest.mark.parametrize("settings", [privacy(["domains.a.b.c"]), privacy(drop=["domains.a.b.c"])])
@pytest.mark.parametrize(
    "fields",
    [
        {"a": {"b": {"c": "ann@example.org"}}},
        {"a": {"b.c": "ann@example.org"}},
        {"a.b": {"c": "ann@example.org"}},
        {"a.b.c": "ann@example.org"},
        {"a.b": [{"c": "ann@example.org"}]},
        {"a": [{"b.c": {"d.e": "ann@example.org"}}]},
    ],
    ids=json.dumps,
)
def test_a_dot_may_be_part_of_a_private_fields_own_name(
    fields: dict[str, Any],
    settings: dict[str, str],
    api: Sandbox,
    warehouse: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = list[str]()
    api.replace("domains", [{"id": 1, **fields}])
    load("domains")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    before = left_over("domains")

    load("domains", say=said.append)

    assert (before, left_over("domains")) == ({"domains.a.b.c": 1}, {})
    assert not [sentence for sentence in said if "no row has" in sentence]


@pytest.mark.parametrize(
    ("value", "other", "same"),
    [
        ("ann@example.org", "ANN@Example.org", True),
        ("ann@example.org", '"Ann" <ann@example.org>', True),
        ("ann@example.org", "ann%40example.org", True),
        ("ann@example.org", "joann@example.org", False),
        (["ann@example.org", {"bcc": None}], ["Ann@example.org", {"bcc": None}], True),
        (7, "7", True),
    ],
)
def test_a_pseudonym_is_of_the_address_however_it_is_written(
    value: Any, other: Any, same: bool
) -> None:
    of = Pseudonyms(SALT).of_value

    assert (of(value) == of(other)) is same
    assert of(value) != Pseudonyms(f"{SALT}, another").of_value(value)


@pytest.mark.parametrize(
    "text", ["ann@example.org", "Ann <ann@example.org>", "ann@example.org, bob@example.org", "Ann"]
)
def test_a_pseudonym_is_its_own(text: str) -> None:
    of = Pseudonyms(SALT).of

    assert of(of(text)) == of(text)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            privacy(["bounces.email"], salt=None),
            "bounces: [privacy] hash names fields of it, and there is no salt: a secret of at "
            "least 16 characters. Set salt of [privacy] in .dlt/secrets.toml or the environment "
            "variable PRIVACY__SALT.",
        ),
        (
            privacy(["bounces.email"], salt="short"),
            "bounces: [privacy] hash names fields of it, and the salt is too short: a secret",
        ),
        (privacy(["email"]), "hash wants fields with their resource, such as messages."),
        (privacy(drop=["bounces."]), "drop wants fields with their resource, such as messages."),
        (
            privacy(drop=["bounces.id"]),
            "drop names bounces.id, which syncs of bounces cannot do without. Set it as [privacy] "
            "drop in .dlt/config.toml or as PRIVACY__DROP.",
        ),
        (
            privacy(["bounces.bounced_at"])
            | {"SOURCES__EMAIL__BOUNCES__CURSOR_PATH": "bounced_at"},
            "hash names bounces.bounced_at, which syncs of bounces cannot do without.",
        ),
    ],
)
def test_settings_by_which_nothing_could_be_loaded_are_refused(
    settings: dict[str, str], sentence: str, api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingError) as refused:
        load("bounces")

    assert str(refused.value).startswith(sentence)


def test_a_part_of_the_key_is_not_dropped_if_its_own_name_has_a_dot_either() -> None:
    PrivateFields(dropped=[["id"]]).refuse_needed("bounces", ["id.of"], "sources.email.bounces")

    with pytest.raises(SettingError, match=r"drop names bounces\.id\.of, which syncs"):
        PrivateFields(dropped=[["id", "of"]]).refuse_needed(
            "bounces", ["id.of"], "sources.email.bounces"
        )


def test_a_field_of_no_resource_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY__HASH", '["bounce.email"]')

    with pytest.raises(SettingError, match=r"hash names bounce\.email, and no resource"):
        configured_accounts()
    assert "bounces" in configured_account().resources
