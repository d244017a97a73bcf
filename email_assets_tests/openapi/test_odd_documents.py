"""Documents that `email-assets vendor new` cannot make a file of, and others that are odd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from dlt.common import jsonpath

from email_assets.cli import main
from email_assets.vendors.loading import load_vendor
from email_assets_tests.openapi.openapi_fixtures import (
    ROW,
    TEXT,
    WHOLE,
    Json,
    described,
    folder,
    listing,
    new,
    parameter,
    the_one,
)

__all__ = ["folder"]


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
    assert "new.py: 1 resource (things)." in said
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


@pytest.mark.parametrize("way", ["allOf", "oneOf"])
def test_schemas_that_each_refer_to_the_next_one_twice_are_read_once(
    way: str, folder: Path
) -> None:
    schemas: Json = {"S0": ROW}
    for number in range(1, 60):
        before = {"$ref": f"#/components/schemas/S{number - 1}"}
        schemas[f"S{number}"] = {"type": "object", way: [before, {"allOf": [before]}]}
    document = described({"/things": listing([], {"$ref": "#/components/schemas/S59"})})
    document["components"]["schemas"] = schemas

    (found,) = new(folder, document)["resources"]

    assert (found["primary_key"], found["kind"]) == ("id", "inventory")


def test_aliases_of_yaml_that_each_stand_twice_for_the_next_one_are_read_once(
    folder: Path,
) -> None:
    schema: Json = ROW
    for _ in range(60):
        schema = {"type": "object", "allOf": [schema, schema]}
    text = yaml.safe_dump(described({"/things": listing([], schema)}))
    (folder / "openapi.yaml").write_text(text)

    assert main(["vendor", "new", "--from", "openapi.yaml", "new.py"]) == 0


def test_objects_that_are_fields_of_one_another_are_read(folder: Path) -> None:
    kinds = [f"S{number}" for number in range(16)]
    fields = {kind: {"$ref": f"#/components/schemas/{kind}"} for kind in kinds}
    own = {kind: {"id": WHOLE, f"{kind}_token": TEXT} for kind in kinds}
    document = described({"/things": listing([], {"$ref": "#/components/schemas/S0"})})
    document["components"]["schemas"] = {
        kind: {"type": "object", "properties": {**own[kind], **fields}} for kind in kinds
    }

    (found,) = new(folder, document)["resources"]

    assert "S0_token" in found["never_load"]


@pytest.mark.parametrize(
    "text",
    [
        '{"paths": ' + '{"a": ' * 100_000,
        "paths: " + "[" * 10_000,
        json.dumps(
            described(
                {"/things": listing([], {"$ref": "#/components/schemas/S0"})},
                components={
                    "schemas": {
                        f"S{number}": {"$ref": f"#/components/schemas/S{number + 1}"}
                        for number in range(5_000)
                    }
                },
            )
        ),
    ],
    ids=["JSON", "YAML", "references"],
)
def test_a_document_that_is_too_deep_is_a_sentence(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "openapi.yaml").write_text(text)

    assert main(["vendor", "new", "--from", "openapi.yaml", "new.py"]) == 1

    assert capsys.readouterr().out == (
        "Parts of openapi.yaml lie too deep in one another to be read.\n"
    )
    assert not (folder / "new.py").exists()


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


def refer_to(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_a_row_of_several_kinds_that_are_each_made_of_it_is_one_of_the_first(folder: Path) -> None:
    kinds = [f"Kind{number}" for number in range(12)]
    own = {kind: {"properties": {"id": TEXT, f"of_{kind}": TEXT}} for kind in kinds}
    document = described({"/things": listing([], refer_to("Thing"))})
    document["components"]["schemas"] = {
        "Thing": {"oneOf": [*map(refer_to, kinds)]},
        **{kind: {"allOf": [refer_to("Thing"), own[kind]]} for kind in kinds},
    }

    (found,) = new(folder, document)["resources"]

    assert (found["name"], found["primary_key"]) == ("things", "id")


def test_a_row_whose_parts_all_refer_to_each_other_is_looked_through_for_secrets(
    folder: Path,
) -> None:
    names = [f"part{number}" for number in range(16)]
    parts = {"properties": {"id": WHOLE, **{name: refer_to(name) for name in names}}}
    login = {"properties": {"name": TEXT, "token": TEXT}}
    row = {"properties": {"login": login, "logins": {"items": login}}, "allOf": [parts]}
    document = described({"/things": listing([], row)})
    document["components"]["schemas"] = dict.fromkeys(names, parts)

    (found,) = new(folder, document)["resources"]

    assert found["never_load"] == ["login.token", "logins.token"]


def test_keys_that_jsonpath_would_take_apart_are_found_in_an_answer(folder: Path) -> None:
    rows = {"type": "array", "items": ROW}
    operation = listing([], ROW, {"@odata.nextLink": TEXT, "all mails": rows})
    answer = operation["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    del answer["properties"]["data"]

    endpoint = the_one(folder, operation)["endpoint"]

    given = {"@odata.nextLink": "https://x.example/2", "all mails": [1]}
    for path, found in (
        (endpoint["data_selector"], [1]),
        (endpoint["paginator"]["next_url_path"], "https://x.example/2"),
    ):
        assert jsonpath.find_values(jsonpath.compile_path(path), given) == [found]


def test_a_path_that_begins_with_a_digit_and_half_a_character_make_a_file(folder: Path) -> None:
    operation = listing([], ROW)
    operation["get"]["summary"] = "Half of \ud83d."

    found = the_one(folder, operation, "/2fa")

    assert (found["name"], found["description"]) == ("list_2fa_0", "Half of ?.")
