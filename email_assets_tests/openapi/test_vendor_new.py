"""`email-assets vendor new --from …` writes a first vendor file of an OpenAPI document."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from email_assets.cli import main
from email_assets.sandbox import Sandbox
from email_assets.vendors.loading import load_vendor
from email_assets_tests.vendors.syncing import load

Query = Callable[[str], list[tuple[Any, ...]]]
Json = dict[str, Any]

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
TIME = {"type": "string", "format": "date-time"}
KEY_IN_QUERY = {"type": "apiKey", "in": "query", "name": "api_key"}


def parameter(name: str, schema: Json, **more: Any) -> Json:
    return {"name": name, "in": "query", "schema": schema, **more}


def listing(parameters: list[Json], row: Json, answer: Json | None = None) -> Json:
    """An operation whose answer has rows under `data`, and other fields."""
    rows = {"type": "array", "items": row}
    schema = {"type": "object", "properties": {"data": rows, **(answer or {})}}
    content = {"application/json": {"schema": schema}}
    responses = {"200": {"description": "Rows.", "content": content}}
    return {"get": {"summary": "List them.", "parameters": parameters, "responses": responses}}


def described(paths: Json, schemes: Json | None = None, **more: Any) -> Json:
    return {
        "openapi": "3.1.0",
        "info": {"title": "My Company"},
        "servers": [{"url": "https://api.example.org"}],
        "paths": paths,
        "components": {"securitySchemes": schemes or {"key": KEY_IN_QUERY}},
        **more,
    }


ROW = {"type": "object", "properties": {"id": WHOLE, "created_at": TIME, "name": TEXT}}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the project, in which the command is called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_PROJECT_DIR", str(tmp_path))
    return tmp_path


def new(folder: Path, document: Json, name: str = "new.py") -> Any:
    """The vendor of the file that is written."""
    Path("openapi.json").write_text(json.dumps(document))
    assert main(["vendor", "new", "--from", "openapi.json", name]) == 0
    # a vendor is loaded once by its name
    file = folder / f"{folder.name}_{name}"
    os.rename(name, file)
    return load_vendor(str(file), "")


def the_one(folder: Path, operation: Json) -> Any:
    (found,) = new(folder, described({"/v1/things": operation}))["resources"]
    return found


def test_the_file_of_the_sandbox_loads_all_its_rows(
    folder: Path, api: Sandbox, monkeypatch: pytest.MonkeyPatch, query: Query
) -> None:
    message = {
        "type": "object",
        "properties": {"id": {"type": ["string", "null"]}, "sent_at": {"$ref": "#/components/at"}},
    }
    paging = [{"$ref": "#/components/limit"}, parameter("offset", WHOLE)]
    times = [parameter("since", TIME), parameter("until", TIME)]
    document = described(
        {
            "/v1/messages": listing(paging + times, {"$ref": "#/message"}, {"total": WHOLE}),
            "/v1/messages/{id}": {"get": {"responses": {"200": {"description": "One."}}}},
        },
        servers=[{"url": "{address}/", "variables": {"address": {"default": api.base_url}}}],
        message=message,
    )
    limit = parameter("limit", {**WHOLE, "maximum": 100})
    document["components"] |= {"at": TIME, "limit": limit}
    Path("openapi.json").write_text(json.dumps(document))

    assert main(["vendor", "new", "--from", "openapi.json"]) == 0

    monkeypatch.delenv("SOURCES__EMAIL__BASE_URL")
    monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "my_company.py")
    monkeypatch.setenv("SOURCES__EMAIL__MY_COMPANY__API_KEY", api.api_key)
    first = load("messages")
    assert (first.rows_listed, first.api_total) == (250, 250)
    assert query("SELECT count(*) FROM email.messages") == [(250,)]
    assert load("messages").rows_listed < 250


@pytest.mark.parametrize(
    ("parameters", "answer", "paginator"),
    [
        (
            [parameter("count", {**WHOLE, "maximum": 500}), parameter("skip", WHOLE)],
            {"meta": {"properties": {"TotalCount": WHOLE}}},
            {
                "type": "offset",
                "limit": 500,
                "offset_param": "skip",
                "limit_param": "count",
                "total_path": "meta.TotalCount",
            },
        ),
        (
            [parameter("page", {**WHOLE, "minimum": 0}), parameter("per_page", WHOLE)],
            {"total": WHOLE, "total_pages": WHOLE},
            {
                "type": "page_number",
                "page_param": "page",
                "base_page": 0,
                "total_path": "total_pages",
            },
        ),
        (
            [parameter("page_token", TEXT)],
            {"next_page_token": TEXT, "has_more": {"type": "boolean"}},
            {
                "type": "cursor",
                "cursor_param": "page_token",
                "cursor_path": "next_page_token",
                "has_more_path": "has_more",
            },
        ),
        (
            [parameter("starting_after", TEXT)],
            {},
            {"type": "cursor", "cursor_param": "starting_after", "cursor_path": "data[-1].id"},
        ),
        (
            [],
            {"links": {"properties": {"next": {"type": ["string", "null"]}}}},
            {"type": "json_link", "next_url_path": "links.next"},
        ),
        ([], {}, "single_page"),
    ],
)
def test_the_paging_is_guessed_from_names(
    parameters: list[Json], answer: Json, paginator: Any, folder: Path
) -> None:
    assert the_one(folder, listing(parameters, ROW, answer))["endpoint"]["paginator"] == paginator


@pytest.mark.parametrize(
    ("schema", "convert"),
    [(TIME, None), ({**TEXT, "format": "date"}, "as_date"), (WHOLE, "as_epoch")],
)
def test_times_are_asked_for_as_their_parameter_says(
    schema: Json, convert: str | None, folder: Path
) -> None:
    found = the_one(folder, listing([parameter("filters[start_time]", schema)], ROW))
    block = found["endpoint"]["incremental"]
    assert (block["cursor_path"], block["start_param"]) == ("created_at", "filters[start_time]")
    assert getattr(block.get("convert"), "__name__", None) == convert


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        ({"type": "http", "scheme": "bearer"}, {"type": "bearer"}),
        ({"type": "http", "scheme": "basic"}, {"type": "http_basic", "username": "api"}),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"type": "api_key", "name": "X-Key", "location": "header"},
        ),
        ({"type": "oauth2"}, {"type": "bearer"}),
    ],
)
def test_the_key_is_sent_as_the_document_says(scheme: Json, auth: Json, folder: Path) -> None:
    vendor = new(folder, described({"/things": listing([], ROW)}, {"key": scheme}))

    found = dict(vendor["client"]["auth"])
    (secret,) = [found.pop(name) for name in ("token", "password", "api_key") if name in found]
    assert (found, secret) == (auth, "sources.email.new.api_key")


def test_fields_that_look_like_secrets_are_never_loaded(folder: Path) -> None:
    hook = {"type": "object", "properties": {"HttpPassword": TEXT, "Url": TEXT}}
    row = {"type": "object", "properties": {"id": WHOLE, "ApiTokens": TEXT, "Hooks": hook}}
    assert the_one(folder, listing([], row))["never_load"] == ["ApiTokens", "Hooks.HttpPassword"]


def test_words_of_the_document_cannot_become_code(folder: Path) -> None:
    hostile = '"""\n}; raise SystemExit  # \\'
    operation = listing([parameter(hostile, TEXT, required=True)], ROW)
    operation["get"]["summary"] = hostile
    document = described({"/things": operation})
    document["info"]["title"] = hostile

    (found,) = new(folder, document)["resources"]

    assert found["endpoint"]["params"] == {hostile: ""}


def test_paths_that_give_no_list_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"get": {"responses": {"200": {"description": "One."}}}}
    new(folder, described({"/v1/things": listing([], ROW), "/v1/things/{id}": one, "/me": one}))

    said = capsys.readouterr().out
    assert "new.py: 1 resources (things)." in said
    assert "want an id: /v1/things/{id}, /me\n" in said
    assert "SOURCES__EMAIL__VENDOR=new.py SOURCES__EMAIL__NEW__API_KEY=…" in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "openapi.json cannot be read as YAML or JSON"),
        ("{}", "openapi.json is no OpenAPI document: it has no 'paths'."),
        ('{"paths": {}}', "describes no list that can be read by GET"),
        ('{"paths": {"/things": {"get": "x"}}}', "is not written as OpenAPI asks for"),
    ],
)
def test_what_is_no_description_of_lists_is_a_sentence(
    text: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "openapi.json").write_text(text)

    assert main(["vendor", "new", "--from", "openapi.json"]) == 1

    assert told in capsys.readouterr().out
    assert [*folder.glob("*.py")] == []


def test_dates_of_yaml_stay_text(folder: Path) -> None:
    operation = listing([parameter("on", TEXT, required=True, example="2026-01-31")], ROW)
    text = yaml.safe_dump(described({"/things": operation})).replace("'2026-01-31'", "2026-01-31")
    (folder / "openapi.yaml").write_text(text)

    assert main(["vendor", "new", "--from", "openapi.yaml", "dated.py"]) == 0

    vendor: Any = load_vendor(str(folder / "dated.py"), "")
    (found,) = vendor["resources"]
    assert found["endpoint"]["params"] == {"on": "2026-01-31"}


def test_schemas_that_are_made_of_each_other_are_read(folder: Path) -> None:
    pet = {"oneOf": [{"$ref": "#/components/schemas/Cat"}]}
    cat = {"type": "object", "allOf": [{"$ref": "#/components/schemas/Pet"}], **ROW}
    document = described({"/cats": listing([], {"$ref": "#/components/schemas/Cat"})})
    document["components"]["schemas"] = {"Pet": pet, "Cat": cat}

    (found,) = new(folder, document)["resources"]

    assert found["name"] == "cats"


def test_a_folder_that_is_not_there_is_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "openapi.json").write_text(json.dumps(described({"/things": listing([], ROW)})))

    assert main(["vendor", "new", "--from", "openapi.json", "absent/new.py"]) == 1

    assert capsys.readouterr().out == (
        "absent/new.py cannot be written (No such file or directory).\n"
    )


def test_a_file_that_is_there_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my_company.py").write_text("mine")
    (folder / "openapi.json").write_text(json.dumps(described({"/things": listing([], ROW)})))

    assert main(["vendor", "new", "--from", "openapi.json"]) == 1

    assert "my_company.py is there already" in capsys.readouterr().out
    assert (folder / "my_company.py").read_text() == "mine"
