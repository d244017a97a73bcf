"""An OpenAPI document: its operations that give lists, with all references followed.

Versions 2 (Swagger), 3.0 and 3.1: <https://spec.openapis.org/oas/latest.html>.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from email_assets.errors import EmailAssetsError

Json = Mapping[str, Any]

USUAL_ROOMS = ("data", "items", "results", "records", "rows", "value", "values")
"""The usual fields of an answer that hold its rows."""
TIMESTAMP = "tag:yaml.org,2002:timestamp"
_PLAIN = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
PARTS = 3
"""Levels of a row's fields, in which secrets are looked for."""


def step(key: str) -> str:
    """A key as JSONPath has it, which would take `@odata.nextLink` for two."""
    return key if _PLAIN.fullmatch(key) else f"'{key}'"


class DocumentError(EmailAssetsError):
    """The document cannot be read, or says nothing of lists."""


class Yaml(yaml.SafeLoader):
    """YAML as JSON has it: a date is the text that it is written as."""


Yaml.yaml_implicit_resolvers = {
    first: [resolver for resolver in resolvers if resolver[0] != TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Operation:
    """A `GET` that gives a list of objects."""

    path: str
    summary: str
    parameters: list[Json]
    """Of the query and the header, each with its `schema`."""
    answer: Json
    """The schema of the whole answer."""
    rows_path: str
    """The way to the rows in it, as `data_selector` wants it; `$` where it is all of it."""
    row: dict[str, Json]
    """The schemas of a row's fields, by name."""


class Document:
    """An OpenAPI document.

    Args:
        file: YAML or JSON.

    Raises:
        DocumentError: The file cannot be read, or is no OpenAPI document.
    """

    def __init__(self, file: Path) -> None:
        try:
            text = file.read_text(encoding="utf-8")
            found = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Yaml)  # noqa: S506 (it is a safe loader)
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise DocumentError(f"{file} cannot be read as YAML or JSON: {error}") from None
        if not isinstance(found, dict) or not isinstance(found.get("paths"), dict):
            raise DocumentError(f"{file} is no OpenAPI document: it has no 'paths'.")
        self.root: dict[str, Any] = found
        self.left_out: list[str] = []
        """Paths that can be read, and give no list that a resource could be made of."""
        self._parts: dict[tuple[str, int], dict[str, Any]] = {}

    @property
    def title(self) -> str:
        """The API's name."""
        return str((self.root.get("info") or {}).get("title") or "An API")

    @property
    def base_url(self) -> str | None:
        """The address that paths follow, or None if the document does not say it."""
        if servers := self.root.get("servers"):
            server = self.resolved(servers[0])
            address = str(server.get("url", ""))
            for name, variable in (server.get("variables") or {}).items():
                address = address.replace(f"{{{name}}}", str(variable.get("default", "")))
            return address.rstrip("/") if "://" in address else None
        host = self.root.get("host")
        scheme = (self.root.get("schemes") or ["https"])[-1]
        path = str(self.root.get("basePath", "")).rstrip("/")
        return f"{scheme}://{host}{path}" if host else None

    @property
    def security_schemes(self) -> list[Json]:
        """The ways to show who asks; the one that the document asks for comes first."""
        declared = self.root.get("components", {}).get("securitySchemes")
        declared = declared or self.root.get("securityDefinitions") or {}
        wanted = [name for one in self.root.get("security") or () for name in one]
        names = dict.fromkeys([*(name for name in wanted if name in declared), *declared])
        return [self.resolved(declared[name]) for name in names]

    def operations(self) -> Iterator[Operation]:
        """The lists that can be read without knowing an id first; notes what is left out."""
        for path, item in self.root["paths"].items():
            operation = self.resolved(item).get("get")
            if operation is None:
                continue
            found = None if "{" in path else self._operation(path, item, operation)
            if found:
                yield found
            else:
                self.left_out.append(path)

    def resolved(self, schema: Any) -> dict[str, Any]:
        """A part of the document with what it refers to, and what it is composed of, in it."""
        return self._resolved(schema, {})

    def _resolved(self, schema: Any, known: dict[int, dict[str, Any]]) -> dict[str, Any]:
        """The same, where each part is looked at once, however often it is referred to.

        Args:
            schema: What stands in the document.
            known: What was resolved, by identity; nothing of what is being resolved, which may
                contain itself.
        """
        if not isinstance(schema, dict):
            return {}
        if id(schema) not in known:
            known[id(schema)] = {}
            known[id(schema)] = self._joined(schema, known)
        return known[id(schema)]

    def _joined(self, schema: Json, known: dict[int, dict[str, Any]]) -> dict[str, Any]:
        if isinstance(reference := schema.get("$ref"), str):
            return self._resolved(self._at(reference), known)
        found = {**schema, "properties": dict(schema.get("properties") or {})}
        for part in schema.get("allOf") or ():
            part = self._resolved(part, known)
            properties = {**part.get("properties", {}), **found["properties"]}
            found = {**part, **found, "properties": properties}
        for choice in schema.get("oneOf") or schema.get("anyOf") or ():
            choice = self._resolved(choice, known)
            if choice.get("type") not in (None, "null") or choice.get("properties"):
                return {**choice, **{k: v for k, v in found.items() if v}}
        return found

    def _with_parts(self, schema: Any, levels: int) -> dict[str, Any]:
        """A schema whose parts are resolved too, as deep as anybody looks."""
        reference = str(schema.get("$ref", "")) if isinstance(schema, dict) else ""
        # once: of schemas that refer to each other, each would be a part of all others, and so on
        if known := self._parts.get((reference, levels)):
            return known
        found = self.resolved(schema)
        if levels and found:
            inner = found["properties"].items()
            found["properties"] = {name: self._with_parts(of, levels - 1) for name, of in inner}
            found["items"] = self._with_parts(found.get("items"), levels - 1)
        if reference:
            self._parts[reference, levels] = found
        return found

    def _at(self, reference: str) -> Any:
        """The part of this document that a reference names; one of another document is nothing."""
        found: Any = self.root if reference.startswith("#/") else {}
        for step in reference.removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name, {}) if isinstance(found, dict) else {}
        return found

    def _operation(self, path: str, item: Json, operation: Json) -> Operation | None:
        answer = self._answer_of(operation)
        place = self._rows_in(answer, path.rstrip("/").rpartition("/")[2])
        if place is None:
            return None
        rows_path, row = place
        parameters: list[Json] = [
            {**found, "schema": self.resolved(found.get("schema") or found)}
            for found in map(
                self.resolved,
                [*(item.get("parameters") or ()), *(operation.get("parameters") or ())],
            )
            if found.get("in") in ("query", "header")
        ]
        fields: dict[str, Json] = {
            name: self._with_parts(field, PARTS) for name, field in row["properties"].items()
        }
        summary = str(operation.get("summary") or operation.get("description") or path)
        return Operation(path, summary, parameters, answer, rows_path, fields)

    def _answer_of(self, operation: Json) -> dict[str, Any]:
        """The schema of what comes if all is well."""
        for status, response in (operation.get("responses") or {}).items():
            if not str(status).startswith("2"):
                continue
            found = self.resolved(response)
            for kind, content in (found.get("content") or {}).items():
                if "json" in kind:
                    return self.resolved(content.get("schema"))
            return self.resolved(found.get("schema"))
        return {}

    def _rows_in(self, answer: Json, name: str) -> tuple[str, dict[str, Any]] | None:
        """The way to the rows, and the schema of one; None if the answer holds no list of objects.

        Of several lists, the one that is called like the path or has a usual name is meant.
        """
        if row := self._row_of(answer):
            return "$", row
        fields = {key: self.resolved(of) for key, of in (answer.get("properties") or {}).items()}
        lists = {key: row for key, of in fields.items() if (row := self._row_of(of))}
        for key in sorted(lists, key=lambda key: (key.lower() != name, key not in USUAL_ROOMS)):
            return step(key), lists[key]
        for outer, of in fields.items():
            for key, inner in (of.get("properties") or {}).items():
                if row := self._row_of(self.resolved(inner)):
                    return f"{step(outer)}.{step(key)}", row
        return None

    def _row_of(self, schema: Json) -> dict[str, Any] | None:
        """The schema of the objects in a list, if it is a list of objects."""
        row = self.resolved(schema.get("items"))
        return row if row.get("properties") else None
