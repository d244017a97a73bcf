"""`email-assets forget`: a person is gone from all tables of all accounts, and stays away."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.cli import main
from email_assets.sandbox import Sandbox
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.sync.span import Span
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.accounts.account_fixtures import account_settings
from email_assets_tests.conftest import KEY
from email_assets_tests.privacy.privacy_fixtures import SALT
from email_assets_tests.queries import WAREHOUSES, Place, ask, change, fresh_place, set_place
from email_assets_tests.warehouses import never

ANN = "ann.miller@example.org"
HERS = re.compile(r"(?<![\w.])ann\.miller@example\.org(?!\w)", re.IGNORECASE)
BOB = "bob@example.org"
JOANN = "joann.miller@example.org"
ANNA = "anna.miller@example.org"


def message(key: str, *recipients: str) -> dict[str, Any]:
    return {
        "id": key,
        "from": "news@acme.example",
        "recipients": [{"email": email, "opens": [{"reader": email}]} for email in recipients],
        "sent_at": "2026-01-05T10:00:00Z",
    }


MESSAGES = [
    message("to her", ANN.upper()),
    message("to both", ANN, BOB),
    message("to neighbours", JOANN, ANNA),
]
BOUNCES = [
    {"id": 1, "email": ANN, "description": "The mailbox is full."},
    {"id": 2, "description": "550 5.1.1 <Ann.Miller@Example.org>: no such user"},
    {"id": 3, "email": JOANN, "description": f"550 5.1.1 <{JOANN}>: no such user"},
    {"id": 4, "email": BOB, "description": f"forwarded to {ANN}, who is away"},
]


def load(account: str, name: str, span: Span | None = None) -> SyncReport:
    of = configured_account(account)
    with open_pipeline(of.warehouse, name) as pipeline:
        return sync(of, pipeline, name, say=print, sleep=never, span=span or Span()).report


@dataclass
class Story:
    """Two accounts, before and after a person was forgotten."""

    folder: Path
    place: Place
    before: str = ""
    printed: str = ""
    after: dict[str, str] = field(default_factory=dict)
    refreshed: dict[str, SyncReport] = field(default_factory=dict)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return ask(self.place, sql)

    def dump(self) -> str:
        """The texts of all tables of all datasets."""
        columns = self.ask(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_schema LIKE 'email%' AND table_name NOT LIKE '\\_dlt%' ESCAPE '\\'"
        )
        every = " UNION ALL ".join(
            f'SELECT CAST("{column}" AS VARCHAR) FROM {schema}.{table}'
            for schema, table, column in columns
        )
        return "\n".join(str(value) for (value,) in self.ask(every))


def stage_as_earlier_releases_did(file: Path, dataset: str) -> None:
    change(file, f"CREATE SCHEMA {dataset}_staging")
    for table in ("messages", "messages__recipients", "messages__recipients__opens", "bounces"):
        change(file, f"CREATE TABLE {dataset}_staging.{table} AS FROM {dataset}.{table}")


@pytest.fixture(scope="module", params=WAREHOUSES)
def story(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Story:
    folder = tmp_path_factory.mktemp("forget")
    told = Story(folder, fresh_place(folder, request))
    with Sandbox(api_key=KEY) as sandbox, pytest.MonkeyPatch.context() as patch:
        sandbox.replace("messages", MESSAGES)
        sandbox.replace("bounces", BOUNCES)
        set_place(patch, told.place)
        accounts = ("marketing", "support")
        settings = {
            "PRIVACY__SALT": SALT,
            # as earlier releases left it
            "LOAD__TRUNCATE_STAGING_DATASET": "false",
            "DLT_LOCAL_DIR": str(folder),
            **account_settings("marketing", base_url=sandbox.base_url, api_key=KEY),
            **account_settings("support", base_url=sandbox.base_url, api_key=KEY),
        }
        for name, value in settings.items():
            patch.setenv(name, value)
        for account in accounts:
            load(account, "messages")
            load(account, "bounces")
            if isinstance(told.place, Path):
                stage_as_earlier_releases_did(told.place, f"email_{account}")
        told.before = told.dump()
        with redirect_stdout(StringIO()) as output:
            assert main(["forget", "Ann.Miller@example.org"]) == 0
        told.printed = output.getvalue()
        told.after["forgotten"] = told.dump()
        for name in ("messages", "bounces"):
            told.refreshed[name] = load("marketing", name, Span(full_refresh=True))
        told.after["refreshed"] = told.dump()
    return told


@pytest.mark.slow
@pytest.mark.parametrize("when", ["forgotten", "refreshed"])
def test_she_is_in_no_table(story: Story, when: str) -> None:
    assert len(HERS.findall(story.before)) > 10
    assert HERS.findall(story.after[when]) == []


@pytest.mark.slow
@pytest.mark.parametrize("account", ["marketing", "support"])
def test_rows_of_others_stay(story: Story, account: str) -> None:
    dataset = f"email_{account}"

    assert story.ask(f"SELECT id FROM {dataset}.messages ORDER BY id") == [
        ("to both",),
        ("to neighbours",),
    ]
    assert story.ask(f"SELECT email FROM {dataset}.messages__recipients ORDER BY email") == [
        (ANNA,),
        (BOB,),
        (JOANN,),
    ]
    assert story.ask(f"SELECT reader FROM {dataset}.messages__recipients__opens ORDER BY 1") == [
        (ANNA,),
        (BOB,),
        (JOANN,),
    ]
    assert story.ask(f"SELECT id, description FROM {dataset}.bounces ORDER BY id") == [
        (3, BOUNCES[2]["description"]),
        (4, "forwarded to …, who is away"),
    ]


def test_a_full_refresh_counts_what_it_keeps_out(story: Story) -> None:
    figures = {name: (of.rows_received, of.rows_withheld) for name, of in story.refreshed.items()}

    assert figures == {"messages": (3, 1), "bounces": (4, 2)}


def test_the_receipt_says_what_was_deleted_and_names_nobody(story: Story) -> None:
    (file,) = (story.folder / "receipts").iterdir()
    receipt = file.read_text()

    assert receipt == story.printed
    assert "@" not in receipt
    assert "- email_support.messages: 1 row\n" in receipt
    assert "- email_support_staging.messages: 1 row\n" in receipt
    assert "- email_support.messages__recipients: 2 rows\n" in receipt
    assert "- email_marketing.bounces: 2 rows\n" in receipt
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_no_file_of_the_warehouse_holds_her_bytes(story: Story) -> None:
    files = [path for path in story.folder.rglob("*") if path.is_file()]

    assert not [path for path in files if HERS.search(path.read_bytes().decode("latin-1"))]
