"""The data of SendGrid's subusers, read with the key of the account above them.

<https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/on-behalf-of>

An account that has subusers is read by two presets, `sendgrid` for its own mail and this one for
theirs, each as an account with a dataset of its own. A request for each subuser's list takes its
name in a header, and one for messages its id in the body. Subusers in the EU want another
`base_url`, as in `sendgrid`, and so does an account that has both.
"""

from typing import cast

from email_assets.vendors import ForEach, Secret, Vendor, VendorResource
from email_assets.vendors.resource import column_hints, endpoint_of
from email_assets.vendors.sendgrid import VENDOR as SENDGRID

BY_NAME: ForEach = {"resource": "servers", "id": "username", "label": "subuser"}
BY_ID: ForEach = {"resource": "servers", "id": "id", "label": "subuser_id"}


def of_each_subuser(resource: VendorResource) -> VendorResource:
    """A resource of the account, as one of every subuser."""
    name, endpoint = resource["name"], endpoint_of(resource)
    if name in ("servers", "domains"):  # the account's hold those of all
        return resource
    for_each, changed = BY_NAME, {**endpoint, "headers": {"on-behalf-of": "{subuser}"}}
    if name == "messages":
        body = {**endpoint["json"], "subusers": ["{subuser_id}"]}
        for_each, changed = BY_ID, {**endpoint, "json": body}
    label, defaults = for_each["label"], SENDGRID["resource_defaults"]
    columns = column_hints({**defaults, **resource})
    words = {
        "for_each": for_each,
        # nothing says that a message's id is unique beyond its subuser
        "primary_key": [label, resource.get("primary_key", defaults["primary_key"])],
        "columns": {**columns, label: {"description": "The subuser whose it is."}},
        "endpoint": changed,
    }
    return cast(VendorResource, {**resource, **words})


VENDOR: Vendor = {
    **SENDGRID,
    "client": {
        **SENDGRID["client"],
        "auth": {"type": "bearer", "token": Secret("sources.email.sendgrid_subusers.api_key")},
    },
    "resources": [of_each_subuser(resource) for resource in SENDGRID["resources"]],
}
"""SendGrid's API, of every subuser."""
