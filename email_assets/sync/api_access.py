"""Getting at the API: its address, its key, and a session that has both."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator

from email_assets.account import Account
from email_assets.api.adapter import ApiAdapter
from email_assets.api.body_key import BodyKeyAuth
from email_assets.api.key import Key
from email_assets.api.limits import Allowance, Limits, limits_of
from email_assets.api.proxy_and_certificates import problem_on_the_way
from email_assets.api.response_actions import Actions
from email_assets.api.session import ApiSession
from email_assets.api.usage import Usage
from email_assets.api.window import asking_for
from email_assets.errors import KeyRefusedError
from email_assets.settings.not_configured import refuse_placeholder
from email_assets.settings.resolve import SettingError
from email_assets.vendors import Secret, VendorResource
from email_assets.vendors.resource import endpoint_of

AUTH = {"api_key": APIKeyAuth, "bearer": BearerTokenAuth, "http_basic": HttpBasicAuth}
"""dlt's ways to authenticate, by the type that an `auth` block names."""
IN_BODY = "body"
"""The `location` of a key that dlt does not know."""

Say = Callable[[str], None]
Sleep = Callable[[float], None]


@dataclass
class Access:
    """The API of an account, and everything that asking it goes along with."""

    account: Account
    say: Say
    """Told what somebody who watches would want to know."""
    sleep: Sleep = time.sleep
    """Waits so many seconds between attempts."""
    usage: Usage = field(default_factory=Usage)
    """Counters that all sessions add to."""
    is_brief: bool = False
    """True if a request fails rather than wait long for an API that allows no more for now."""
    runtime: RuntimeConfiguration = field(init=False)
    """dlt's `[runtime]` settings: time limits and retries."""

    def __post_init__(self) -> None:
        self.runtime = self.account.runtime()

    def brief(self, at_most_seconds: float = math.inf) -> Access:
        """The same, for requests that are sent once, and end or fail within so many seconds."""
        found = replace(self, is_brief=True)
        found.runtime.request_max_attempts = 1
        found.runtime.request_timeout = min(found.runtime.request_timeout, at_most_seconds)
        return found

    def session(
        self,
        resource: VendorResource,
        secrets: Mapping[str, str] | None = None,
        *,
        lists_owners: bool = False,
    ) -> ApiSession:
        """A session with the resource's key, which is looked up again for every request.

        Args:
            resource: Its `auth` block says how to authenticate, or else the vendor's does.
            secrets: Secrets by the owner that a request names, of owners that have their own.
            lists_owners: Whether it is the owners' secrets that are asked for.

        Raises:
            SettingError: A setting is missing or cannot be used.
        """
        account, name = self.account, str(resource["name"])
        block = auth_of(account, resource)
        where = f"{account.where_to_set('base_url')} {account.where_to_set_secret('api_key')}"
        refuse_placeholder(name, account.base_url, where)
        if problem := problem_on_the_way(account.base_url):
            raise SettingError(f"{name}: {problem}")

        def key(owner: str | None) -> Key:
            found = _key(account, name, block, secrets[owner] if secrets and owner else None)
            return replace(found, in_answers=lists_owners)

        allowed = limits_of(account.vendor["client"].get("requests_per") or ())
        # what is asked for ahead would wait in threads, for up to an hour
        pages = 1 if allowed else account.api.read_ahead
        limits = Limits(
            self.runtime,
            pages,
            account.api.max_page_bytes,
            Allowance(account.base_url, allowed),
            self.is_brief,
        )
        adapter = ApiAdapter(
            name,
            account.base_url,
            key,
            limits,
            self.usage,
            self.say,
            self.sleep,
            Actions(endpoint_of(resource).get("response_actions")),
        )
        return ApiSession(adapter)

    def client(self, session: ApiSession) -> RESTClient:
        """Dlt's client, with the address and the headers of the vendor."""
        return RESTClient(
            self.account.base_url, self.account.headers, session=session, config=self.runtime
        )

    def pages(
        self,
        resource: VendorResource,
        session: ApiSession,
        paginator: BasePaginator,
        wanted: Mapping[str, Any] | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        """The pages of a resource, asked for as a sync asks for them, with some more parameters."""
        endpoint = endpoint_of(resource)
        query, body = asking_for(dict(wanted or {}), endpoint.get("params"), endpoint.get("json"))
        return self.client(session).paginate(
            endpoint["path"],
            method=endpoint.get("method", "GET"),
            params=query,
            json=body,
            data=endpoint.get("data"),
            headers=endpoint.get("headers"),
            data_selector=endpoint["data_selector"],
            paginator=paginator,
        )


def auth_of(account: Account, resource: VendorResource) -> dict[str, Any]:
    """The resource's `auth` block, or the vendor's."""
    block = endpoint_of(resource).get("auth") or account.vendor["client"].get("auth")
    return cast(dict[str, Any], block)


def secrets_are_set(account: Account, resource: VendorResource) -> bool:
    """True if everything that the resource's `auth` block needs is configured."""
    return all(account.secret(name) is not None for name in _secrets_of(account, resource))


def where_to_set_secrets(account: Account, resource: VendorResource) -> str:
    """The sentences that say where the resource's secrets stand."""
    return " ".join(map(account.where_to_set_secret, _secrets_of(account, resource)))


def _secrets_of(account: Account, resource: VendorResource) -> list[Secret]:
    return [value for value in auth_of(account, resource).values() if isinstance(value, Secret)]


def _key(account: Account, name: str, block: dict[str, Any], owners_secret: str | None) -> Key:
    """The key that an `auth` block describes, with the secrets as they are now."""
    values: dict[str, Any] = {}
    secrets: list[str] = []
    remedy = ""
    for part, value in block.items():
        if isinstance(value, Secret):
            remedy = account.where_to_set_secret(value)
            found = owners_secret or account.secret(value)
            if found is None:
                raise KeyRefusedError(f"{name}: there is no API key. {remedy}")
            secrets.append(found)
            values[part] = found
        elif part != "type":
            values[part] = value
    if values.get("location") == IN_BODY:
        return Key(tuple(secrets), BodyKeyAuth(values["name"], values["api_key"]), remedy)
    return Key(tuple(secrets), AUTH[block["type"]](**values), remedy)
