"""`make check`: asks the API for one page of each resource; nothing is loaded or written."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from email_assets.account import Account
from email_assets.account.every import configured_accounts
from email_assets.clock import now
from email_assets.errors import EmailAssetsError
from email_assets.quickstart.api import chosen_api
from email_assets.redaction import redact
from email_assets.settings.resolve import SettingError
from email_assets.sync.list_heads import FirstPage
from email_assets.sync.one_page import Finding, inquire, is_time
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import endpoint_of

LINE = "  {:<{width}}  {:<9}  {:<10}  {:>9}  {:<22}  {:>6}  {}"
HEADINGS = ["reachable", "authorised", "rows", "page size (asked/came)", "newest", "rate limits"]
UNKNOWN = "-"
COLUMNS = 8
"""Columns that are shown of each resource."""
TYPES = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the API gave, and return the exit status: 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m email_assets.check", description=__doc__)
    parser.parse_args(arguments)
    try:
        with chosen_api() as api, _set(api.settings):
            if api.is_sandbox:
                print(f"{api.description}\n", flush=True)
            return 0 if _are_well(configured_accounts()) else 1
    except EmailAssetsError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Nothing was loaded or written.", file=sys.stderr)
        return 130


def _are_well(accounts: Iterable[Account]) -> bool:
    well = []
    for place, account in enumerate(accounts):
        if account.name:
            if place:
                print()
            print(f"{account.name}: {_api_of(account)}")
        well.append(_is_well(account))
    return all(well)


@contextmanager
def _set(settings: Mapping[str, str]) -> Iterator[None]:
    """Settings in the environment, for as long as the block runs."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _api_of(account: Account) -> str:
    if account.problem:
        return "its settings cannot be used"  # the next line says why
    return f"{account.api.vendor} at {account.base_url}"


def _is_well(account: Account) -> bool:
    """Print what the API of an account gave, and tell whether nothing is wrong."""
    findings: list[Finding] = []
    failures: list[str] = []
    try:
        if account.problem:
            raise account.problem
        resources = account.resources
        width = max(map(len, [*resources, "resource"]))
        for name, resource in resources.items():
            found = inquire(account, resource)
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
    return not failures


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
        _age(now() - found.newest) if found.newest else UNKNOWN,
        limits or UNKNOWN,
    ]


def _page_size(resource: VendorResource, page: FirstPage) -> str:
    """A verdict on the page: it kept to the size that was asked for, or all that there is came."""
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
    types = dict.fromkeys("time" if is_time(value) else TYPES[type(value)] for value in values)
    return " or ".join(types) or "null"


def _shown(text: str) -> str:
    """A text of the API's, without addresses and without characters that steer a terminal."""
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
