"""OpenAPI documents in a few words, and the vendor file that is written of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from email_assets.cli import main
from email_assets.vendors.loading import load_vendor

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


def the_one(folder: Path, operation: Json, path: str = "/v1/things") -> Any:
    (found,) = new(folder, described({path: operation}))["resources"]
    return found
