"""Guesses, from an API's description, what a vendor's file has to say of a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from email_assets.openapi.document import Document, Json, Operation
from email_assets.openapi.paging import Paging, paging_of
from email_assets.openapi.text import Code, Guess

KEYS = ("id", "uuid", "guid", "email", "address", "name", "date")
"""Fields that tell rows apart, the surest first."""
TIMES = (
    r"(created|sent|received|occurred|bounced|logged)_?(at|on|date|time)?",
    r"(event_?)?(timestamp|time|date)",
    r"\w+(_at|At|_date|Date|_time|Time)",
)
"""Names of fields that say when a row came about, the surest first."""
BEGINNINGS = r"((start|from|since|begin)_?(date|time|at|ts)?|\w*(_after|_since|_from)|after)"
ENDS = r"((end|to|until|till)_?(date|time|at|ts)?|\w*(_before|_until|_to)|before)"
SAYS_TIME = re.compile(r"date|time|epoch|iso ?8601|rfc", re.IGNORECASE)
HOLDS_A_SECRET = re.compile(r"passw|secret|token|api_?key|private_?key|credential", re.IGNORECASE)
EVENTS = re.compile(r"bounce|message|event|log|stat|activit|complaint|open|click|deliver|emails?$")
"""Names of what goes on happening, and is synced hourly."""
SAY_NOTHING = ("all", "date", "filter", "list", "search", "total")
"""Ends of paths that are no name by themselves."""


def client_of(document: Document, secret: str) -> dict[str, Any]:
    """The vendor's `client` block.

    Args:
        document: The description.
        secret: The section of the vendor's secrets, such as `sources.email.my_company`.
    """
    address = document.base_url
    where = "the document names no server" if address is None else ""
    return {
        "base_url": Guess("https://api.example.com", where) if where else address,
        "auth": _auth_of(document, secret),
    }


def resources_of(document: Document) -> list[dict[str, Any]]:
    """An entry for each list; their names differ."""
    found: dict[str, dict[str, Any]] = {}
    for operation in document.operations():
        name = _name_of(operation.path, found)
        found[name] = _resource_of(name, operation)
    return list(found.values())


def _auth_of(document: Document, secret: str) -> Any:
    for scheme in document.security_schemes:
        kind, how = scheme.get("type"), str(scheme.get("scheme", "")).lower()
        if kind == "http" and how == "bearer":
            return _bearer(secret)
        if kind == "basic" or (kind == "http" and how == "basic"):
            return {
                "type": "http_basic",
                "username": Guess("api", "the document does not say who the user is"),
                "password": Code(f'Secret("{secret}.api_key")'),
            }
        if kind == "apiKey" and scheme.get("in") in ("header", "query"):
            return _key(str(scheme["name"]), str(scheme["in"]), secret)
    for operation in document.operations():
        for parameter in operation.parameters:
            if parameter["in"] == "header" and HOLDS_A_SECRET.search(str(parameter["name"])):
                return _key(str(parameter["name"]), "header", secret)
    return Guess(_bearer(secret), "the document does not say how the key is sent")


def _bearer(secret: str) -> dict[str, Any]:
    return {"type": "bearer", "token": Code(f'Secret("{secret}.api_key")')}


def _key(name: str, location: str, secret: str) -> dict[str, Any]:
    key = Code(f'Secret("{secret}.api_key")')
    return {"type": "api_key", "name": name, "api_key": key, "location": location}


def _name_of(path: str, taken: Mapping[str, Any]) -> str:
    """A name of the last parts of a path, as many as tell it from others."""
    parts = [_snake(part) for part in path.split("/") if _snake(part)]
    least = 2 if len(parts) > 1 and parts[-1] in SAY_NOTHING else 1
    for count in range(least, len(parts) + 1):
        name = "_".join(parts[-count:])
        if name not in taken and name[0].isalpha():
            return name
    return "_".join(["list", *parts, str(len(taken))])


def _snake(text: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _resource_of(name: str, operation: Operation) -> dict[str, Any]:
    time = _time_of(operation.row)
    paging = paging_of(operation)
    incremental, used = _incremental_of(operation, time, paging)
    is_event = bool(time and (incremental or EVENTS.search(name)))
    endpoint: dict[str, Any] = {
        "path": operation.path,
        "data_selector": operation.rows_path,
        "paginator": paging.paginator,
    }
    if params := paging.params | dict(_required(operation.parameters, paging.used | used)):
        endpoint["params"] = params
    if incremental:
        endpoint["incremental"] = incremental
    found: dict[str, Any] = {
        "name": name,
        "kind": Guess("event" if is_event else "inventory", "event is hourly, inventory daily"),
        "description": _sentence(operation.summary),
        "primary_key": _key_of(name, operation.row),
    }
    if secrets := _secrets_in(operation.row, {}):
        found["never_load"] = Guess(secrets, "they look as if they held secrets")
    if paging.total_path:
        found["total_path"] = paging.total_path
    return {**found, "endpoint": endpoint}


def _secrets_in(row: Mapping[str, Json], known: dict[int, list[str]]) -> list[str]:
    """The paths of a row's fields that look as if they held secrets.

    Args:
        row: The schemas of its fields.
        known: Those of what was looked through already: many schemas may refer to each other.
    """
    if (found := known.get(id(row))) is not None:
        return found
    found = known[id(row)] = []
    for name, schema in row.items():
        if HOLDS_A_SECRET.search(name):
            found.append(name)
        elif inner := schema.get("properties") or schema.get("items", {}).get("properties"):
            found += [f"{name}.{path}" for path in _secrets_in(inner, known)]
    return found


def _key_of(name: str, row: Json) -> Any:
    by_name = {_snake(field): field for field in row}
    one = name.removesuffix("s")
    for key in ("id", f"{one}_id", "message_id", "event_id", *KEYS[1:]):
        if key in by_name:
            field = by_name[key]
            return field if key == "id" else Guess(field, "does it tell each row from all others?")
    return Guess(next(iter(row)), "which field tells each row from all others?")


def _time_of(row: Mapping[str, Json]) -> str | None:
    for pattern in TIMES:
        for field, schema in row.items():
            kind = schema.get("format") in ("date-time", "date") or not schema.get("properties")
            if kind and re.fullmatch(pattern, field, re.IGNORECASE):
                return field
    return None


def _incremental_of(
    operation: Operation, time: str | None, paging: Paging
) -> tuple[dict[str, Any] | None, set[str]]:
    """The block that reads by time, and the parameters that it fills."""
    if time is None:
        return None, set()
    start = _time_parameter(operation.parameters, BEGINNINGS, paging.used)
    if start is None:
        return None, set()
    end = _time_parameter(operation.parameters, ENDS, paging.used)
    names = [str(one["name"]) for one in (start, end) if one]
    found: dict[str, Any] = {
        "cursor_path": Guess(time, "is it the time that the API searches by?"),
        "start_param": names[0],
    }
    if end:
        found["end_param"] = names[1]
    schema = start["schema"]
    if schema.get("format") == "date":
        found["convert"] = Code("as_date")
    elif schema.get("type") in ("integer", "number"):
        found["convert"] = Guess(Code("as_epoch"), "in seconds?")
    return found, set(names)


def _time_parameter(parameters: Iterable[Json], pattern: str, used: set[str]) -> Json | None:
    for parameter in parameters:
        name, schema = str(parameter["name"]), parameter["schema"]
        says = f"{schema.get('format', '')} {parameter.get('description', '')} {name}"
        last = re.findall(r"\w+", name)[-1:]  # of filters[sent_after], sent_after
        is_one = last and re.fullmatch(pattern, last[0], re.IGNORECASE)
        if name not in used and is_one and SAYS_TIME.search(says):
            return parameter
    return None


def _required(parameters: Iterable[Json], used: set[str]) -> Iterator[tuple[str, Any]]:
    """Parameters of the query that have to be there, and nothing fills."""
    for parameter in parameters:
        name, schema = str(parameter["name"]), parameter["schema"]
        if not parameter.get("required") or parameter["in"] != "query" or name in used:
            continue
        example = parameter.get("example", schema.get("example", (schema.get("enum") or [""])[0]))
        yield name, Guess(schema.get("default", example), "the API requires it")


def _sentence(summary: str) -> str:
    first = " ".join(summary.split()).partition(". ")[0].rstrip(".")
    return f"{first}."
