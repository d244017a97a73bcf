"""A Singer tap of the email API, made with Singer's SDK: messages and bounces, read in full."""

from __future__ import annotations

from typing import ClassVar

from requests import Response
from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.pagination import OffsetPaginator

LIMIT = 100


class TotalPaginator(OffsetPaginator):
    """Goes on until as many rows came as there are in all."""

    def has_more(self, response: Response) -> bool:
        """True if there is a page after this one."""
        return self.current_value + LIMIT < response.json()["total"]


class EmailStream(RESTStream[int]):
    """A collection of the email API."""

    primary_keys: ClassVar[list[str]] = ["id"]
    records_jsonpath = "$.data[*]"

    @property
    def url_base(self) -> str:
        """The API's address."""
        return self.config["base_url"]

    @property
    def authenticator(self) -> APIKeyAuthenticator:
        """The key, as a parameter of the query."""
        return APIKeyAuthenticator(key="api_key", value=self.config["api_key"], location="params")

    def get_new_paginator(self) -> TotalPaginator:
        """A paginator for one sync."""
        return TotalPaginator(start_value=0, page_size=LIMIT)

    def get_url_params(self, context: object, next_page_token: int | None) -> dict[str, int]:  # noqa: ARG002
        """The page to ask for."""
        return {"offset": next_page_token or 0, "limit": LIMIT}


class Messages(EmailStream):
    """Messages with their recipients."""

    name = "messages"
    path = "/v1/messages"
    schema = th.PropertiesList(
        th.Property("id", th.StringType, required=True),
        th.Property("server_id", th.IntegerType),
        th.Property("domain_id", th.IntegerType),
        th.Property("from", th.StringType),
        th.Property("subject", th.StringType),
        th.Property("status", th.StringType),
        th.Property("tag", th.StringType),
        th.Property("metadata", th.ObjectType(additional_properties=th.StringType)),
        th.Property(
            "recipients",
            th.ArrayType(
                th.ObjectType(
                    th.Property("email", th.StringType), th.Property("type", th.StringType)
                )
            ),
        ),
        th.Property("sent_at", th.DateTimeType),
        th.Property("opens", th.IntegerType),
    ).to_dict()


class Bounces(EmailStream):
    """Messages that could not be delivered."""

    name = "bounces"
    path = "/v1/bounces"
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True),
        th.Property("message_id", th.StringType),
        th.Property("server_id", th.IntegerType),
        th.Property("type", th.StringType),
        th.Property("email", th.StringType),
        th.Property("description", th.StringType),
        th.Property("bounced_at", th.DateTimeType),
        th.Property("inactive", th.BooleanType),
    ).to_dict()


class TapEmail(Tap):
    """The email API as a Singer tap."""

    name = "tap-email"
    config_jsonschema: ClassVar[dict[str, object]] = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("api_key", th.StringType, required=True, secret=True),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Both streams."""
        return [Messages(tap=self), Bounces(tap=self)]


if __name__ == "__main__":
    TapEmail.cli()
