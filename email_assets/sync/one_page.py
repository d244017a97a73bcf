"""Asks the API for one page of a resource, and says what it tells; nothing is loaded or written."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from email_assets.account import Account
from email_assets.api.usage import Usage
from email_assets.errors import EmailAssetsError, KeyRefusedError
from email_assets.instants import as_utc
from email_assets.settings.resolve import SettingError
from email_assets.sync.api_access import Access, Say
from email_assets.sync.glimpse import first_pages
from email_assets.sync.list_heads import FirstPage
from email_assets.sync.owners import owners_of
from email_assets.sync.rows import Rows
from email_assets.sync.span import Incremental
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import primary_key

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)")
"""A text that is a time without any doubt: ISO 8601 with an offset."""


@dataclass
class Finding:
    """The findings of one page of a resource."""

    resource: VendorResource
    usage: Usage
    page: FirstPage | None = None
    newest: datetime | None = None
    """The time of the newest row of the whole list, where the page can tell."""
    failure: str = ""
    key_refused: bool = False


def inquire(account: Account, resource: VendorResource, *, say: Say = print) -> Finding:
    """Ask for the first page of a resource, of its first owner if it has several.

    Args:
        account: Whose API.
        resource: The resource, complete.
        say: Told what somebody who watches would want to know.

    Raises:
        SettingError: A setting is missing or cannot be used.
    """
    name = str(resource["name"])
    access = Access(account, say).brief()
    found = Finding(resource, access.usage)
    try:
        with closing(first_pages(access, resource, owners_of(access, resource))) as pages:
            found.page = next(pages, FirstPage([], 0, is_last=True, owners=0))
        incremental = Incremental.of(resource)
        cursor_path = incremental.cursor_path if incremental else _only_time(found.page.rows)
        rows = Rows(name, primary_key(resource), cursor_path=cursor_path)
        without_key = sum(not rows.has_key(row) for row in found.page.rows)
        found.newest = _newest(found.page, rows) if cursor_path else None
        rows.refuse_other_than_times()
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


def _newest(page: FirstPage, rows: Rows) -> datetime | None:
    """The latest time of the list, if the page is all of it or begins with the newest row."""
    times = [at for at in map(rows.time_of, page.rows) if at]
    newest_first = len(set(times)) > 1 and times == sorted(times, reverse=True)
    return max(times, default=None) if page.is_last or newest_first else None


def _only_time(rows: list[dict[str, Any]]) -> str | None:
    """The one field that holds a time in every row; of several, none is certain."""
    names = [name for name in (rows[0] if rows else ()) if "." not in name]
    times = [name for name in names if all(is_time(row.get(name)) for row in rows)]
    return times[0] if len(times) == 1 else None


def is_time(value: Any) -> bool:
    """True if a value is a text that is a time without any doubt."""
    try:
        return isinstance(value, str) and bool(INSTANT.fullmatch(value) and as_utc(value))
    except ValueError:
        return False
