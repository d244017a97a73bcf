"""Email services' APIs, described as data: one module per vendor, each with one `VENDOR`."""

from typing import Literal, TypedDict

from dlt.sources.rest_api.typing import ClientConfig, EndpointResource, EndpointResourceBase
from typing_extensions import Required

Kind = Literal["event", "inventory"]
"""`event`: rows arrive all the time; hourly. `inventory`: few rows that rarely change; daily."""


class VendorResource(EndpointResource, total=False):
    """A resource of dlt's `rest_api_source`, with what people need to know of it."""

    description: Required[str]
    """One sentence: what a row of this resource is."""
    kind: Required[Kind]


class Vendor(TypedDict):
    """An API in the form that dlt's `rest_api_source` documents (`RESTAPIConfig`).

    The client's `auth` block says how to authenticate and leaves the secret out.
    """

    client: ClientConfig
    resource_defaults: EndpointResourceBase
    resources: list[VendorResource]
