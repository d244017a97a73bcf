"""`email-assets vendor new --from …` guesses a vendor file of an OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from email_assets.cli import main
from email_assets.sandbox import Sandbox
from email_assets_tests.openapi.openapi_fixtures import (
    ROW,
    TEXT,
    TIME,
    WHOLE,
    Json,
    described,
    folder,
    listing,
    new,
    parameter,
    the_one,
)
from email_assets_tests.vendors.syncing import load

__all__ = ["folder"]

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.mark.slow
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
