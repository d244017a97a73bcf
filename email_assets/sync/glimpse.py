"""The head of a resource's lists, for whoever wants no more than a look."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from email_assets.account import Account
from email_assets.api.owner import leave_out
from email_assets.api.windows import WindowPaginator
from email_assets.errors import ApiError, EmailAssetsError, RefusedError
from email_assets.sync.api_access import Access, Say, Sleep
from email_assets.sync.list_heads import FirstPage, few, tell_news, with_smallest_page
from email_assets.sync.owners import Owners, owners_above, owners_of
from email_assets.sync.paginators import paginator_of
from email_assets.sync.processing_steps import as_the_file_says
from email_assets.sync.span import Incremental
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import primary_key

GLIMPSE_SECONDS = 10
"""Dagster ends a sensor's tick after a minute, and a tick asks for several resources."""
MOST_ABOVE = 5
"""Owners of owners that are looked at: each takes a request before its own owners are known."""


class OutOfTimeError(EmailAssetsError):
    """A resource has so many lists that no time is left for all their heads."""


@dataclass(frozen=True)
class Glimpse:
    """The head of a list: enough to tell that something has changed."""

    total: int | None
    newest: str | None
    """The primary key of the first row, as text."""
    tells: bool = True
    """False if rows may come without a change of either."""


def glimpse(
    account: Account,
    name: str,
    *,
    say: Say,
    sleep: Sleep = time.sleep,
    is_late: Callable[[], bool] = lambda: False,
) -> Glimpse:
    """Ask the API for the first row of a resource, once and briefly: whoever looks will look again.

    Of a resource with several owners, that is the first row of each, and the sum of their totals.
    Of one with many, only the first is asked for, and nothing where many owners have owners.

    Args:
        account: Whose API.
        name: The resource's name.
        say: Told what somebody who watches would want to know.
        sleep: Waits so many seconds until the API allows a request.
        is_late: Once it says so, no other list is looked at.

    Raises:
        OutOfTimeError: There were lists that were not looked at by then.
        SettingError: A setting is missing or cannot be used.
        ApiError: The API refused, or its answer cannot be read.
        ApiUnavailableError: The API did not answer.
    """
    resource = account.resources[name]
    access = Access(account, say, sleep).brief(GLIMPSE_SECONDS)
    above = owners_above(access, resource)
    if above and len(above.readable) > MOST_ABOVE:
        return Glimpse(None, None, tells=False)
    owners = owners_of(access, resource, above)
    found = first_pages(access, with_smallest_page(resource), owners, is_late, limit=1)
    pages = list(few(found))
    rows = [row for page in pages for row in page.rows[:1]]
    newest = ["/".join(str(row.get(field)) for field in primary_key(resource)) for row in rows]
    totals = [page.total for page in pages]
    total = None if None in totals else sum(filter(None, totals))
    return Glimpse(total, " ".join(newest) or None, tell_news(resource, pages))


def first_pages(
    access: Access,
    resource: VendorResource,
    owners: Owners,
    is_late: Callable[[], bool] = lambda: False,
    **paging: Any,
) -> Generator[FirstPage, None, None]:
    """The first page of each of a resource's lists, asked for when it is wanted.

    Those of owners that the API refuses, or fails to give, are left out.

    Args:
        access: The API.
        resource: The resource, complete.
        owners: The owners of its lists.
        is_late: Once it says so, no other list is asked for.
        paging: What the paginator should do otherwise than the vendor's file says.

    Raises:
        OutOfTimeError: There were other lists by then.
        SettingError: A setting is missing or cannot be used.
        ApiError: The API gives none of the lists, or an answer cannot be read.
        ApiUnavailableError: The API did not answer.
    """
    incremental = Incremental.of(resource)
    wanted = incremental.newest_stretch() if incremental else None
    refused: dict[str, ApiError] = {}
    with access.session(resource, owners.secrets) as session:
        for number, owner in enumerate(owners.readable):
            if owner.name in refused:
                continue
            if number and is_late():
                raise OutOfTimeError(f"{resource['name']}: there was no time for all its lists.")
            paginator = WindowPaginator(str(resource["name"]), paginator_of(resource, **paging))
            paginator.owners = [owner]
            try:
                page = next(access.pages(resource, session, paginator, wanted))
            except ApiError as error:
                if not (error.reason or isinstance(error, RefusedError)):
                    raise
                if trouble := leave_out(owners.readable, refused, owner, error):
                    raise trouble from None
                continue
            is_last = not paginator.has_next_page
            rows = as_the_file_says(resource, page)
            yield FirstPage(rows, paginator.list_total, is_last, len(owners.all))
