"""Email services' APIs, described as data: one module per vendor, each with one `VENDOR`.

The data is what dlt's `rest_api_source` documents (`RESTAPIConfig`), so that a dlt user knows it at
sight, with a few additions: `Secret` stands where dlt has a secret's value, and a resource says
what it is, where it is documented, which of its fields are never loaded, whose rows it holds, and
whether its pages may be asked for ahead at a price. `columns` may hold no more than a column's
`description`, for people. `deliverability` names the fields that tell how mail is delivered.

The endpoint's `incremental` block is in dlt's words too: `cursor_path` (a time), `start_param` and
`end_param` (the API's own filter), `convert` (how the filter writes an instant, given as an aware
`datetime`), `lag` (seconds to look back for rows that change late), `row_order` (`desc`: the newest
first), `initial_value` (where a first sync begins: a time in ISO 8601, or a `timedelta`, which is
how long ago the API's rows begin), `end_value` (`NOW`, where the API wants an end with every
start). If `start_param` and `end_param` are the same, `convert` makes one value of both ends. In a
JSON body their names are paths. A column with the `data_type` `timestamp` gets the times that an
API writes as RFC 2822 or as seconds since 1970, too. `processing_steps` make a row of another, such
as a flat one of statistics; a step keeps what `for_each` adds. A paginator of type `offset` may
have a `maximum_offset`: rows beyond it are never given, so what holds more is read in shorter
stretches of time. A link to the next page is followed up to a page without rows.
"""

from datetime import timedelta
from typing import Literal, TypedDict

from dlt.sources.rest_api.typing import (
    AuthConfig,
    EndpointResource,
    EndpointResourceBase,
    PaginatorConfig,
)
from typing_extensions import Required

from email_assets.vendors.meanings import Deliverability, Events, Only

NOW = "now"
"""The `end_value` of an API that wants an end with every start."""

Kind = Literal["event", "inventory"]
"""`event`: rows arrive all the time; hourly. `inventory`: few rows that rarely change; daily."""


class Secret(str):
    """The name of a secret in dlt's configuration, such as `sources.email.resend.api_key`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret({super().__repr__()})"


class BodyKey(TypedDict):
    """A key in the JSON of every request's body; dlt knows the other places of a key."""

    type: Literal["api_key"]
    name: str
    api_key: str
    location: Literal["body"]


class RequestsPer(TypedDict, total=False):
    """The number of requests that an API allows with one key, for paths that begin alike."""

    second: int
    minute: int
    hour: int
    below: str
    """The beginning of the paths, such as `/messages`; all of them, without it."""


class Client(TypedDict, total=False):
    """dlt's `ClientConfig`, with what APIs want besides."""

    base_url: str
    headers: dict[str, str] | None
    auth: AuthConfig | BodyKey | None
    paginator: PaginatorConfig | None
    requests_per: list[RequestsPer]
    """Of several, the first that names a path is its limit."""


class ForEach(TypedDict, total=False):
    """Reads a resource once for every owner, such as a server or a domain.

    Where owners have secrets of their own, it applies while the secret of the resource's `auth`
    block is not set. The resource that lists the owners may have a `for_each` of its own, such as
    the streams of every server: rows get the labels of both then, and requests the secret of the
    first.
    """

    resource: Required[str]
    """The resource of this file that lists the owners."""
    id: Required[str]
    """The owner's field that tells it apart."""
    label: Required[str]
    """The field that every row gets, with the owner's `id` in it. `{label}` is it in the path, in
    `params`, in `headers` and in `json`."""
    only: Only
    """The owners that have such a list, where others don't."""
    secret: str
    """The owner's field that holds its secret, or a list of them, of which the first is used."""
    alone: str
    """The path that describes the one owner whose secret is set, so that its rows are labelled."""


class VendorResource(EndpointResource, total=False):
    """A resource of dlt's `rest_api_source`, with what people need to know of it."""

    description: Required[str]
    """One sentence: what a row of this resource is."""
    kind: Required[Kind]
    documentation: str
    """The page that documents the resource."""
    never_load: list[str]
    """Fields that hold secrets, as dotted paths (`Hooks.HttpAuth.Password`); lists are entered."""
    for_each: ForEach
    longest: timedelta
    """The longest stretch of time that one request may ask for; what is longer is read in parts."""
    maximum_rows: int
    """Rows that the API gives of one list at the most, whatever its pages: what holds as many is
    read in shorter stretches of time."""
    total_path: str
    """JSONPath of the total in an answer, for lists by a cursor or a link; a paginator by offset or
    number has its own."""
    may_lack_rows: bool
    """True if an answer leaves its list of rows out where it has none."""
    speculate: bool
    """True if pages may be asked for ahead where that has a price: of a list by offset without a
    total, up to `read_ahead` requests go beyond the end; of a list by page number with a total, a
    row may be missed until the next sync that reads it, if rows arrive meanwhile."""


class Vendor(TypedDict, total=False):
    """An email service's API."""

    client: Required[Client]
    resource_defaults: Required[EndpointResourceBase]
    resources: Required[list[VendorResource]]
    deliverability: Deliverability
    events: list[Events]
