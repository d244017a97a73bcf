"""All that Dagster records of a run is clean, whatever an API says in its rows and refusals."""

from __future__ import annotations

import ast
import base64
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import dagster as dg
import pytest
from dagster._serdes import serialize_value

from email_assets.defs import recording
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.dagster_fixtures import MADE_OF_EVENTS, materialize, platform
from email_assets_tests.source_files import tree_of

ADDRESSES = [
    "ann@hostile.example",
    r"ann\u0040hostile.example",
    '"ann smith"@hostile.example',
    "ann%40hostile.example",
    "ann&#64;hostile.example",
    "ann\uff20hostile.example",
    "Ann <ann@hostile.example>",
]
STEERING = ["\x1b[31m", "\x1b]0;title\x07", "\u202e", "\u2066", "\x00", "\x9b31m", "\ud83d"]
CALLS = ["@channel", "<!here>", "@everyone"]
WORDS = [*ADDRESSES, *(f"x{part}y" for part in (*STEERING, *CALLS))]
IN_THE_REPORT = ("subject", "tag", "from", "name", "type")
"""Fields of the sandbox's rows that take any text."""
IMAGE = re.compile(r"base64,([\w+/=]+)")


def hostile(row: dict[str, Any], number: int) -> dict[str, Any]:
    """The row with a hostile word in its fields, and as a new key in objects and lists."""
    word = WORDS[number % len(WORDS)]
    return {
        **row,
        **{field: word for field in IN_THE_REPORT if field in row},
        word: word,
        "in_object": {word: {word: number}},
        "in_list": [{word: word}, word],
        f"{word} list": [{word: [word]}],
    }


def strings(document: Any) -> Iterator[str]:
    """All texts and names in a document, and the charts in them."""
    if isinstance(document, str):
        for image in IMAGE.findall(document):
            yield base64.b64decode(image).decode()
        yield document
    elif isinstance(document, list):
        for part in document:
            yield from strings(part)
    elif isinstance(document, dict):
        for name, part in document.items():
            yield name
            yield from strings(part)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All texts that Dagster keeps of two runs: hostile words come anew in the second."""
    folder = tmp_path_factory.mktemp("rows")
    with (
        Sandbox(messages=60, api_key=KEY) as sandbox,
        pytest.MonkeyPatch.context() as patch,
        platform(folder, sandbox) as instance,
    ):
        patch.setenv("CATALOG__PREVIEW_ROWS", "20")
        runs = [materialize(instance, "messages", "bounces")]
        for name in ("messages", "bounces"):
            rows = sandbox.rows(name)
            sandbox.replace(name, [hostile(row, number) for number, row in enumerate(rows)])
        body = json.dumps({"message": f"no {' '.join(ADDRESSES)}"}) + " ".join(CALLS + STEERING[:4])
        sandbox.set_faults("deliverystats", Fault("status", status=422, body=body))
        runs.append(materialize(instance, "messages", "bounces", "deliverystats", *MADE_OF_EVENTS))
        entries = [entry for run in runs for entry in instance.all_logs(run.run_id)]
    return {text for one in entries for text in strings(json.loads(serialize_value(one)))}


def test_the_runs_told_of_the_new_columns_and_the_refusal(recorded: set[str]) -> None:
    assert any("a new column messages.… (text)" in text for text in recorded)
    assert any("deliverystats: the API refused" in text for text in recorded)


def test_no_address_is_recorded_in_any_form(recorded: set[str]) -> None:
    assert [text for text in recorded if "hostile" in text.lower() or "annsmith" in text] == []


def test_nothing_is_recorded_that_steers_a_screen_or_cannot_be_written(recorded: set[str]) -> None:
    found = {character for text in recorded for character in text} - {"\n", "\t"}

    assert [one for one in found if unicodedata.category(one) in ("Cc", "Cf", "Cs")] == []


def test_nothing_is_recorded_that_calls_everybody(recorded: set[str]) -> None:
    assert [text for text in recorded if any(call in text for call in CALLS)] == []


def test_the_charts_can_be_drawn(recorded: set[str]) -> None:
    charts = [text for text in recorded if text.startswith("<svg")]

    assert charts
    assert {ElementTree.fromstring(chart).tag.rpartition("}")[2] for chart in charts} == {"svg"}


def test_every_kind_of_metadata_is_cleaned() -> None:
    column = dg.TableColumn("ann@hostile.example", description="as it is")
    told = recording.cleaned(
        {
            "ann@hostile.example": "to bob@hostile.example",
            "text": dg.MetadataValue.text("to bob@hostile.example"),
            "md": dg.MetadataValue.md("to bob@hostile.example"),
            "json": dg.MetadataValue.json([{"bob@hostile.example": ["eve@hostile.example"]}]),
            "schema": dg.TableSchema([column]),
            "table": dg.MetadataValue.table([dg.TableRecord({"a": "bob@hostile.example"})]),
            "number": 1,
        }
    )

    assert "hostile" not in str(told)
    assert told["number"] == 1


FILES = sorted((PROJECT / "email_assets" / "defs").glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_dagster_records_is_made_in_one_module(file: Path) -> None:
    events = {"MaterializeResult", "ObserveResult", "AssetObservation", "AssetCheckResult"}
    calls = (node for node in ast.walk(tree_of(file)) if isinstance(node, ast.Call))
    made = {ast.unparse(call.func) for call in calls}

    in_the_log = {name for name in made if re.fullmatch(r"context\.log\.\w+", name)}
    assert file.stem == "recording" or not in_the_log | (made & {f"dg.{name}" for name in events})
