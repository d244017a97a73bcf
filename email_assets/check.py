"""`make check`: asks the API for one page of each resource; nothing is loaded or written."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from email_assets.access import Say
from email_assets.api.errors import KeyRefusedError
from email_assets.api.redaction import redact
from email_assets.api.session import Usage
from email_assets.errors import EmailAssetsError
from email_assets.instants import as_utc
from email_assets.rows import Rows
from email_assets.settings import SettingError
from email_assets.source import FirstPage, first_pages
from email_assets.span import Incremental
from email_assets.vendor import endpoint_of, primary_key, vendor_resources
from email_assets.vendors import VendorResource

LINE = "  {:<{width}}  {:<9}  {:<10}  {:>9}  {:<22}  {:>6}  {}"
HEADINGS = ["reachable", "authorised", "rows", "page size (asked/came)", "newest", "rate limits"]
UNKNOWN = "-"
COLUMNS = 8
"""Columns that are shown of each resource."""
TYPES = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)")
"""A text that is a time without any doubt: ISO 8601 with an offset."""


@dataclass
class Finding:
    """What one page tells of a resource."""

    resource: VendorResource
    usage: Usage = field(default_factory=Usage)
    page: FirstPage | None = None
    newest: datetime | None = None
    """When the newest row of the whole list came about, where the page can tell."""
    failure: str = ""
    key_refused: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the API gave, and return the exit status: 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m email_assets.check", description=__doc__)
    parser.parse_args(arguments)
    findings: list[Finding] = []
    failures: list[str] = []
    try:
        resources = vendor_resources()
        width = max(map(len, [*resources, "resource"]))
        for name, resource in resources.items():
            found = inquire(resource)
            if not findings:  # only now: while no API is configured, there is no table to head
                print(LINE.format("resource", *HEADINGS, width=width))
            findings.append(found)
            print(LINE.format(name, *_cells(found), width=width), flush=True)
    except SettingError as error:
        failures.append(str(error))
    if columns := [_columns(found, found.page) for found in findings if found.page]:
        print("", *columns, sep="\n")
    if failures := [*_failures_of(findings), *failures]:
        if findings:
            print()
        print(*failures, sep="\n")
    return 1 if failures else 0


def inquire(resource: VendorResource, *, say: Say = print) -> Finding:
    """Ask for the first page of a resource, of its first owner if it has several.

    Args:
        resource: The resource, complete.
        say: Told what somebody who watches would want to know.

    Raises:
        SettingError: A setting is missing or cannot be used.
    """
    name, found = str(resource["name"]), Finding(resource)
    try:
        with closing(first_pages(resource, usage=found.usage, say=say)) as pages:
            found.page = next(pages, FirstPage([], 0, is_last=True, owners=0))
        incremental = Incremental.of(endpoint_of(resource))
        cursor_path = incremental.cursor_path if incremental else _only_time(found.page.rows)
        rows = Rows(name, primary_key(resource), cursor_path=cursor_path)
        without_key = sum(not rows.has_key(row) for row in found.page.rows)
        found.newest = _newest(found.page, rows) if cursor_path else None
        if without_key:
            found.failure = (
                f"{name}: {without_key} of {rows.received} rows came without "
                f"{', '.join(primary_key(resource))} and would not be loaded. Correct primary_key "
                "in the vendor's file if it is not what tells rows apart."
            )
    except SettingError:
        raise
    except EmailAssetsError as error:
        found.failure, found.key_refused = str(error), isinstance(error, KeyRefusedError)
    except Exception as error:
        # a vendor's file of the user's own may fail in any way, and the text may hold values
        problem = type(error).__name__
        found.failure = f"{name}: the vendor's file does not fit what the API gave ({problem})."
    return found


def _cells(found: Finding) -> list[str]:
    usage, page = found.usage, found.page
    reachable = ("yes" if usage.status else "no") if usage.requests else UNKNOWN
    accepted = "yes" if usage.status and 200 <= usage.status < 300 else UNKNOWN
    limits = ", ".join(f"{header}: {_shown(value)}" for header, value in usage.limits.items())
    return [
        reachable,
        "no" if found.key_refused else accepted,
        UNKNOWN if page is None or page.total is None else str(page.total),
        _page_size(found.resource, page) if page else UNKNOWN,
        _age(datetime.now(timezone.utc) - found.newest) if found.newest else UNKNOWN,
        limits or UNKNOWN,
    ]


def _page_size(resource: VendorResource, page: FirstPage) -> str:
    """Whether as many rows came as were asked for, or all that there are."""
    endpoint = endpoint_of(resource)
    paginator = endpoint["paginator"]
    places = (paginator if isinstance(paginator, dict) else {}, endpoint.get("params") or {})
    asked = next((place["limit"] for place in places if "limit" in place), None)
    came = len(page.rows)
    if asked is None or came == 0:
        verdict = UNKNOWN
    elif came == asked or (came < asked and page.is_last):
        verdict = "kept"
    else:  # a short page may be all there is, if the API gives no total
        verdict = "not kept" if came > asked or page.total is not None else UNKNOWN
    return f"{verdict} ({UNKNOWN if asked is None else asked}/{came})"


def _newest(page: FirstPage, rows: Rows) -> datetime | None:
    """The latest time of the list, if the page is all of it or begins with the newest row."""
    times = [at for at in map(rows.time_of, page.rows) if at]
    newest_first = len(set(times)) > 1 and times == sorted(times, reverse=True)
    return max(times, default=None) if page.is_last or newest_first else None


def _only_time(rows: list[dict[str, Any]]) -> str | None:
    """The one field that holds a time in every row; of several, none is certain."""
    names = [name for name in (rows[0] if rows else ()) if "." not in name]
    times = [name for name in names if all(_is_time(row.get(name)) for row in rows)]
    return times[0] if len(times) == 1 else None


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(INSTANT.fullmatch(value) and as_utc(value))
    except ValueError:
        return False


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, length, below in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 2 * 86400)):
        if seconds < below:
            return f"{seconds // length} {unit}"
    return f"{seconds // 86400} d"


def _columns(found: Finding, page: FirstPage) -> str:
    """The first columns' names and types, never their values."""
    for_each, hidden = found.resource.get("for_each"), found.resource.get("never_load", ())
    names = [n for n in dict.fromkeys(n for row in page.rows for n in row) if n not in hidden]
    shown = [f"{_shown(name)} {_types(page.rows, name)}" for name in names[:COLUMNS]]
    more = [f"{len(names) - COLUMNS} more"] if len(names) > COLUMNS else []
    name = str(found.resource["name"])
    if for_each and page.owners > 1:
        name += f" (the first of {page.owners} {for_each['resource']})"
    return f"{name}: {', '.join(shown + more) or 'no rows yet'}"


def _types(rows: list[dict[str, Any]], name: str) -> str:
    values = [row[name] for row in rows if row.get(name) is not None]
    types = dict.fromkeys("time" if _is_time(value) else TYPES[type(value)] for value in values)
    return " or ".join(types) or "null"


def _shown(text: str) -> str:
    """What an API chose to say, without addresses and without what steers a terminal."""
    return "".join(filter(str.isprintable, redact(text)))[:80]


def _failures_of(findings: Iterable[Finding]) -> list[str]:
    """A sentence for each reason, with all the resources that it holds for."""
    names: dict[str, list[str]] = {}
    for found in findings:
        name = str(found.resource["name"])
        if found.failure:
            names.setdefault(found.failure.removeprefix(f"{name}: "), []).append(name)
    return [f"{', '.join(several)}: {why}" for why, several in names.items()]


if __name__ == "__main__":
    sys.exit(main())
