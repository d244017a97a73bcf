"""Addresses of people, owners and tags: one entry is one person, and Dagster takes each."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets.settings import resolve
from email_assets.settings.alerting import MailSettings
from email_assets.settings.resolve import SettingError


@pytest.mark.parametrize(
    "text",
    [
        "ann@x.example, bob@x.example",
        "ann@x.example;bob@x.example",
        "Ann <ann@x.example>, Bob <bob@x.example>",
        "Ann <ann@x.example> bob@x.example",
        "all: ann@x.example, bob@x.example;",
        "ann@x.example b",
    ],
)
def test_several_people_in_one_entry_of_whom_one_would_get_the_alerts_are_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("ALERTS__MAIL_TO", json.dumps([text]))
    with pytest.raises(SettingError, match="mail_to holds something that is no e-mail address"):
        resolve.load(MailSettings)


@pytest.mark.parametrize(
    "text", ["ann@x.example", '"Doe, Ann" <ann@x.example>', "<ann@x.example>", "ann@[192.0.2.1]"]
)
def test_one_person_is_taken_as_mail_writes_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ALERTS__MAIL_TO", json.dumps([text]))
    assert resolve.load(MailSettings).mail_to == [text]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("owners", [one]) for one in ("ann", "ann@x.engineering", "ann@x", "team:", 7)),
        *(("tags", one) for one in ({"a b": "c"}, {"a": "b c"}, {"a": 1}, {"a": "b" * 64})),
        *(("tags", {one: "a"}) for one in ("", "ä", "a/b/c", "a" * 64)),
    ],
)
def test_what_dagster_would_refuse_is_told_with_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    variable = f"CATALOG__{name.upper()}"
    monkeypatch.setenv(variable, json.dumps(value))
    with pytest.raises(SettingError, match=rf"^{name} .* in .dlt/config.toml or as {variable}\.$"):
        configured_accounts()


@pytest.mark.parametrize(
    ("owners", "tags"),
    [
        (["ann+mail@x-y.example", "team:data", "team:a b"], {"tier": "1", "of.mail/x-y_z": ""}),
        ([], {"a" * 63: "b" * 63}),
    ],
)
def test_what_is_taken_dagster_takes(
    monkeypatch: pytest.MonkeyPatch, owners: list[str], tags: dict[str, str]
) -> None:
    monkeypatch.setenv("CATALOG__OWNERS", json.dumps(owners))
    monkeypatch.setenv("CATALOG__TAGS", json.dumps(tags))

    defs = build_all(configured_accounts())

    dg.Definitions.validate_loadable(defs)
    spec = next(one for one in defs.resolve_all_asset_specs() if one.key == dg.AssetKey("messages"))
    assert [*spec.owners] == owners
    assert tags.items() <= spec.tags.items()
