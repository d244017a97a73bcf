"""The email API as an asset upstream of all others: where the data comes from, and how it does."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.api.retries import RETRIED_STATUSES
from email_assets.api.window import Window
from email_assets.defs import recording
from email_assets.defs.catalog import common
from email_assets.defs.names import key_of, op_of
from email_assets.errors import ApiUnavailableError, EmailAssetsError, KeyRefusedError
from email_assets.sync.one_page import Finding, inquire
from email_assets.sync.report import SyncReport
from email_assets.vendors.resource import EMAIL_API


def build_api_asset(account: Account) -> dg.AssetsDefinition:
    """The asset `email_api`. To observe it asks the API for one page of each resource."""
    spec = dg.AssetSpec(
        key_of(account, EMAIL_API),
        kinds={"api"},
        description=f"The email service's API, {account.api.vendor} at "
        f"{account.base_url}. To observe it asks for one page of each resource and loads nothing.",
        **common(account, kind="api"),
    )
    with warnings.catch_warnings():
        # beta, and all that Dagster has for what others make and we look at
        warnings.filterwarnings("ignore", message=".*observable_source_asset")
        observable = dg.multi_observable_source_asset(name=op_of(account, EMAIL_API), specs=[spec])

    def observe(context: dg.AssetExecutionContext) -> Iterator[dg.ObserveResult]:
        yield _observe(account.as_set_now(), context)

    asset: dg.AssetsDefinition = observable(observe)
    return asset


def _observe(account: Account, context: dg.AssetExecutionContext) -> dg.ObserveResult:
    resources = account.resources.values()
    try:
        found = [inquire(account, one, say=recording.info(context)) for one in resources]
    except EmailAssetsError as error:
        raise dg.Failure(str(error)) from None
    for inquiry in found:
        if inquiry.failure:
            recording.error(context)(inquiry.failure)
    return recording.observed(_seen_in(found))


def seen_by(account: Account, name: str, report: SyncReport) -> dg.AssetObservation:
    """An observation of the API by a sync that went well."""
    # a window's total is not the list's
    total = report.api_total if report.window == Window() else None
    return recording.seen(
        key_of(account, EMAIL_API),
        {
            "reachable": True,
            "authorised": True,
            **({} if total is None else {f"rows_of_{name}": total}),
            "seconds_to_answer": round(report.usage.seconds_to_answer, 3),
        },
    )


def missed_by(account: Account, error: EmailAssetsError) -> dg.AssetObservation | None:
    """An observation of the API by a sync that failed, or None if the API had no part in it."""
    asset = key_of(account, EMAIL_API)
    if isinstance(error, KeyRefusedError):
        return recording.seen(asset, {"authorised": False})
    if isinstance(error, ApiUnavailableError):
        return recording.seen(asset, {"reachable": False})
    return None


def _seen_in(found: Sequence[Finding]) -> dict[str, Any]:
    """The metadata of an observation; figures that no page tells are left out."""
    asked = any(inquiry.usage.requests for inquiry in found)
    refused = any(inquiry.key_refused for inquiry in found)
    accepted = any(inquiry.page for inquiry in found)
    return {
        **({"reachable": any(_answers(inquiry) for inquiry in found)} if asked else {}),
        **({"authorised": not refused} if refused or accepted else {}),
        **{
            f"rows_of_{inquiry.resource['name']}": inquiry.page.total
            for inquiry in found
            if inquiry.page and inquiry.page.total is not None
        },
        "seconds_to_answer": round(max(i.usage.seconds_to_answer for i in found), 3),
    }


def _answers(inquiry: Finding) -> bool:
    """True if something came that is no trouble of the API's, as it is to a sync: a 401 is none."""
    return inquiry.usage.status is not None and inquiry.usage.status not in RETRIED_STATUSES
