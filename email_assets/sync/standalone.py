"""A resource as a dlt source for any pipeline, without Dagster."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from dlt.extract import DltSource

from email_assets.account import Account, configured_account
from email_assets.normalizer import open_schema
from email_assets.settings.common import refuse_misspelt_names
from email_assets.sync.listing import open_listing
from email_assets.sync.span import Span, window_of


def source(
    resource: str,
    account: Account | str | None = None,
    *,
    start: str | None = None,
    end: str | None = None,
    say: Callable[[str], None] = print,
) -> DltSource:
    """A dlt source of one resource, to be run once by any pipeline: `pipeline.run(source(…))`.

    Key, pagination, retries and limits, primary key and columns are those of the assets. It reads
    everything, or a stretch of time; rows with equal keys become one.

    Args:
        resource: A resource of the account's vendor, such as `messages`.
        account: An account, or its name in the settings; without one that of `[sources.email]`.
        start: A date or time in ISO 8601 to read from, of a resource that can be read by time.
        end: A date or time to read up to; the day of a date belongs to it.
        say: Told what somebody who watches would want to know.

    Raises:
        SettingError: There is no such account or resource, or a setting cannot be used.
        SpanError: The stretch is none, or the resource cannot be read by time.
    """
    if not isinstance(account, Account):
        refuse_misspelt_names()
        account = configured_account(account)
    span = Span.parse(False, start, end)
    account.check_resource(resource)
    listing = open_listing(account, resource, say=say)
    incremental, section = listing.incremental, listing.section
    if span.is_backfill:
        listing.paginator.window = window_of(resource, span, incremental, None, section)
    listing.source.schema = open_schema(resource)
    listing.load_what_is_new(say)
    settle = listing.paginator.at_end

    def settle_and_close() -> None:
        settle()
        listing.session.close()

    listing.paginator.at_end = settle_and_close
    # one that is not read to its end closes what it reads with once nobody has it any more
    weakref.finalize(listing.source, listing.session.close)
    return listing.source
