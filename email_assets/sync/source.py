"""A vendor's resources as a dlt `rest_api_source`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from dlt.common import jsonpath
from dlt.extract import DltSource
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import RESTAPIConfig
from requests import Session

from email_assets.account import Account
from email_assets.api.owner import in_texts
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import column_hints, endpoint_of, labels_of

NOT_DLT_KEYS = frozenset(
    {
        "description",
        "documentation",
        "for_each",
        "kind",
        "longest",
        "maximum_rows",
        "may_lack_rows",
        "never_load",
        "speculate",
        "total_path",
    }
)
"""Words of a vendor's file that dlt does not know."""


def build_source(
    account: Account,
    resources: Iterable[VendorResource],
    *,
    name: str,
    session: Session | None = None,
    paginator: BasePaginator | None = None,
) -> DltSource:
    """The `rest_api_source` of some of the vendor's resources.

    Without a session it can describe itself and must not be read: it would know no key.
    """
    config: dict[str, Any] = {
        "client": {"base_url": account.base_url, "headers": account.headers, "session": session},
        "resources": [
            _as_dlt_knows_it(resource, paginator, labels_of(resource, account.resources))
            for resource in resources
        ],
    }
    return rest_api_source(cast(RESTAPIConfig, config), name=name)


def _as_dlt_knows_it(
    resource: VendorResource, paginator: BasePaginator | None, labels: list[str]
) -> dict[str, Any]:
    known = {field: value for field, value in resource.items() if field not in NOT_DLT_KEYS}
    if columns := column_hints(known):
        # descriptions are for people, and of a column without other hints dlt expects values
        hints = {name: _without_description(of) for name, of in columns.items()}
        known["columns"] = {name: of for name, of in hints.items() if of}
    # the session authenticates and does as response_actions say, and our paginator reads by time
    ours = ("auth", "incremental", "paginator", "response_actions")
    endpoint = {part: value for part, value in endpoint_of(resource).items() if part not in ours}
    # our paginator fills in `{label}`; dlt, which formats a path twice, is to leave it as it is
    endpoint["path"] = endpoint["path"].replace("{", "{" * 4).replace("}", "}" * 4)
    for part in ("params", "headers", "json"):
        if words := endpoint.get(part):
            for name in labels:  # dlt formats these once
                words = in_texts(words, f"{{{name}}}", f"{{{{{name}}}}}")
            endpoint[part] = words
    # dlt would compile a text anew for every page
    endpoint["data_selector"] = jsonpath.compile_path(endpoint["data_selector"])
    return {**known, "endpoint": endpoint | ({"paginator": paginator} if paginator else {})}


def _without_description(hints: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in hints.items() if name != "description"}
