"""Getting at the API: its address, its key, and a session that has both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth

from email_assets.account import PLACEHOLDER_HOST, Account
from email_assets.api.body_key import BodyKeyAuth
from email_assets.api.limits import Allowance, limits_of
from email_assets.api.session import ApiAdapter, ApiSession, Key, Usage
from email_assets.errors import KeyRefusedError
from email_assets.settings.resolve import SettingError
from email_assets.vendors import Secret, VendorResource
from email_assets.vendors.resource import endpoint_of

AUTH = {"api_key": APIKeyAuth, "bearer": BearerTokenAuth, "http_basic": HttpBasicAuth}
"""dlt's ways to authenticate, by the type that an `auth` block names."""
IN_BODY = "body"
"""The `location` of a key that dlt does not know."""

Say = Callable[[str], None]
Sleep = Callable[[float], None]


def session_for(
    account: Account,
    resource: VendorResource,
    *,
    usage: Usage,
    say: Say,
    sleep: Sleep = time.sleep,
    runtime: RuntimeConfiguration | None = None,
    owners: dict[str, str] | None = None,
    lists_owners: bool = False,
) -> ApiSession:
    """A session with the resource's key, which is looked up again for every request.

    Args:
        account: Whose API and whose secrets.
        resource: Its `auth` block says how to authenticate, or else the vendor's does.
        usage: Counters to add to.
        say: Told what somebody who watches would want to know.
        sleep: Waits so many seconds between attempts.
        runtime: dlt's `[runtime]` settings, where they should be others.
        owners: Secrets by the owner that a request names, for a resource that has several.
        lists_owners: Whether it is the owners' secrets that are asked for.

    Raises:
        SettingError: A setting is missing or cannot be used.
    """
    name, address, block = str(resource["name"]), account.base_url, auth_of(account, resource)
    if urlsplit(address).hostname == PLACEHOLDER_HOST:
        raise SettingError(
            f"{name}: no API is configured yet. "
            f"{account.where_to_set('base_url')} {account.where_to_set_secret('api_key')}"
        )

    def key(owner: str | None) -> Key:
        found = _key(account, name, block, owners[owner] if owners and owner else None)
        return replace(found, in_answers=lists_owners)

    runtime = runtime or account.runtime()
    allowance = Allowance(address, limits_of(account.vendor["client"].get("requests_per") or ()))
    # what is asked for ahead would wait in threads, for up to an hour
    read_ahead = 1 if allowance else account.api.read_ahead
    return ApiSession(
        ApiAdapter(name, address, key, runtime, usage, say, sleep, read_ahead, allowance)
    )


def auth_of(account: Account, resource: VendorResource) -> dict[str, Any]:
    """The resource's `auth` block, or the vendor's."""
    block = endpoint_of(resource).get("auth") or account.vendor["client"].get("auth")
    return cast(dict[str, Any], block)


def secrets_are_set(account: Account, resource: VendorResource) -> bool:
    """Whether everything that the resource's `auth` block needs is configured."""
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
    for field, value in block.items():
        if isinstance(value, Secret):
            remedy = account.where_to_set_secret(value)
            found = owners_secret or account.secret(value)
            if found is None:
                raise KeyRefusedError(f"{name}: there is no API key. {remedy}")
            secrets.append(found)
            values[field] = found
        elif field != "type":
            values[field] = value
    if values.get("location") == IN_BODY:
        return Key(tuple(secrets), BodyKeyAuth(values["name"], values["api_key"]), remedy)
    return Key(tuple(secrets), AUTH[block["type"]](**values), remedy)
