"""The domains of Mailgun's sub-accounts and their lists of addresses, read with the key above.

<https://documentation.mailgun.com/docs/mailgun/user-manual/subaccounts/subaccounts-api-requests>

An account that has sub-accounts is read by two presets, each as an account with a dataset of its
own: `mailgun` reads its own domains, and the messages and statistics of all, and this one the rest
of what is theirs. A request takes the id of the sub-account in a header.
"""

from typing import cast

from email_assets.vendors import ForEach, Secret, Vendor, VendorResource
from email_assets.vendors.mailgun import VENDOR as MAILGUN
from email_assets.vendors.resource import column_hints, endpoint_of

EACH_SUBACCOUNT: ForEach = {"resource": "servers", "id": "id", "label": "subaccount"}
OF_BOTH = ("messages", "deliverystats")
"""The resources of `mailgun` in which all sub-accounts are."""


def of_each_subaccount(resource: VendorResource) -> VendorResource:
    """A resource of the account, as one of every sub-account."""
    if resource["name"] == EACH_SUBACCOUNT["resource"]:
        return resource
    label = EACH_SUBACCOUNT["label"]
    key = resource.get("primary_key", MAILGUN["resource_defaults"]["primary_key"])
    words = {
        # lists of addresses are those of domains, which are those of sub-accounts
        "for_each": resource.get("for_each", EACH_SUBACCOUNT),
        "primary_key": [label, *(key if isinstance(key, list) else [key])],
        "columns": {
            **column_hints(resource),
            label: {"description": "The id of the sub-account whose it is."},
        },
        "endpoint": {
            **endpoint_of(resource),
            "headers": {"X-Mailgun-On-Behalf-Of": f"{{{label}}}"},
        },
    }
    return cast(VendorResource, {**resource, **words})


VENDOR: Vendor = {
    "client": {
        **MAILGUN["client"],
        "auth": {
            "type": "http_basic",
            "username": "api",
            "password": Secret("sources.email.mailgun_subaccounts.api_key"),
        },
    },
    "resource_defaults": MAILGUN["resource_defaults"],
    "resources": [
        of_each_subaccount(resource)
        for resource in MAILGUN["resources"]
        if resource["name"] not in OF_BOTH
    ],
}
"""Mailgun's API, of every sub-account."""
