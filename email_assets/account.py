"""An account: one login at a vendor, as the settings describe it, handed down to all that serve it.

Entry points make one and pass it on: a command once, Dagster's runs, checks and ticks each when
they begin. No module below looks a setting up by itself, so two accounts share nothing by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dlt.common.configuration.specs import RuntimeConfiguration

from email_assets.settings import resolve
from email_assets.settings.sections import (
    ApiSettings,
    CatalogSettings,
    ResourceSettings,
    WarehouseSettings,
)
from email_assets.vendors import Deliverability, Vendor, VendorResource
from email_assets.vendors.loading import load_vendor, vendor_file
from email_assets.vendors.resource import complete, deliverability_of


@dataclass(frozen=True)
class Account:
    """The API to read, the settings to read it with, and the warehouse that its tables live in.

    Secrets are no part of it: `secret` looks them up whenever a request needs one, so that a key
    that was written anew is used at once.
    """

    api: ApiSettings
    warehouse: WarehouseSettings
    preview_rows: int = 0
    """Rows that a sync shows of what it loaded, with addresses masked."""

    @cached_property
    def vendor(self) -> Vendor:
        """The vendor's file, checked.

        Raises:
            SettingError: There is no such vendor, or its file is not what it should be.
        """
        return load_vendor(self.api.vendor)

    @cached_property
    def vendor_file(self) -> Path:
        """The vendor's file on disk."""
        return vendor_file(self.api.vendor)

    @cached_property
    def resources(self) -> dict[str, VendorResource]:
        """The vendor's resources by name, each with the vendor's defaults and the settings."""
        named = {str(resource["name"]): resource for resource in self.vendor["resources"]}
        return {
            name: complete(resource, self.vendor, resolve.load(ResourceSettings, name))
            for name, resource in named.items()
        }

    @cached_property
    def deliverability(self) -> Deliverability | None:
        """The fields that tell how mail is delivered, or None where the vendor tells of none."""
        return deliverability_of(self.vendor)

    @property
    def base_url(self) -> str:
        """The API's address: the setting, or the vendor's own."""
        return self.api.base_url or str(self.vendor["client"].get("base_url"))

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the vendor wants in every request."""
        return self.vendor["client"].get("headers") or {}

    def runtime(self) -> RuntimeConfiguration:
        """The time limits and retries of dlt's `[runtime]`, a new copy each time.

        Raises:
            SettingError: A value has the wrong type, or no request could be sent with it.
        """
        return resolve.load_runtime()

    def secret(self, name: str) -> str | None:
        """A secret as it is now, or None if it is not set."""
        return resolve.secret(name)

    def where_to_set_secret(self, name: str) -> str:
        """The sentence that says where a secret stands."""
        return resolve.where_to_set_secret(name)

    def as_set_now(self) -> Account:
        """The same account with the settings as they are now; a code server lives for months."""
        return configured_account()


def configured_account() -> Account:
    """The account of `[sources.email]`.

    Raises:
        SettingError: A setting has the wrong type or cannot be used.
    """
    return Account(
        resolve.load(ApiSettings),
        resolve.load(WarehouseSettings),
        resolve.load(CatalogSettings).preview_rows,
    )
