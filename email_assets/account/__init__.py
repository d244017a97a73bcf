"""An account: one login at a vendor, as the settings describe it, handed down to all that serve it.

Entry points make one and pass it on: a command once, Dagster's runs, checks and ticks each when
they begin. No module below looks a setting up by itself, so two accounts share nothing by accident.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from email_assets.settings import resolve
from email_assets.settings.accounts import (
    api_of,
    group_of,
    refuse_unknown,
    warehouse_of,
)
from email_assets.settings.deliverability import DeliverabilitySettings
from email_assets.settings.not_configured import PLACEHOLDER_HOST
from email_assets.settings.partitions import PartitionSettings
from email_assets.settings.privacy import PrivacySettings
from email_assets.settings.resolve import SettingError
from email_assets.settings.runtime import Runtime, load_runtime
from email_assets.settings.sections import (
    ApiSettings,
    AutomationSettings,
    CatalogSettings,
    ResourceSettings,
    RetentionSettings,
)
from email_assets.settings.warehouse import WarehouseSettings
from email_assets.vendors import Vendor, VendorResource
from email_assets.vendors.loading import load_vendor, vendor_file
from email_assets.vendors.meanings import Deliverability
from email_assets.vendors.resource import complete, deliverability_of


@dataclass(frozen=True)
class Account:
    """The API to read, the settings to read it with, and the warehouse that its tables live in.

    Secrets are no part of it: `secret` looks them up whenever a request needs one, so that a key
    that was written anew is used at once.
    """

    api: ApiSettings
    warehouse: WarehouseSettings
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    name: str | None = None
    """Its name in the settings, or None for the one that `[sources.email]` describes."""
    key_prefix: tuple[str, ...] = ()
    """Prefix of the keys of its assets, and of the names of its jobs and sensors."""
    group: str = "email"
    """The group of its assets in Dagster's catalog."""
    problem: SettingError | None = None
    """The reason why its settings cannot be used; such an account has no resources."""

    @cached_property
    def vendor(self) -> Vendor:
        """The vendor's file, checked.

        Raises:
            SettingError: There is no such vendor, or its file is not what it should be.
        """
        return load_vendor(self.api.vendor, self.where_to_set("vendor"))

    @cached_property
    def vendor_file(self) -> Path:
        """The vendor's file on disk."""
        return vendor_file(self.api.vendor, self.where_to_set("vendor"))

    @cached_property
    def resources(self) -> dict[str, VendorResource]:
        """The vendor's resources by name, each with the vendor's defaults and the settings."""
        if self.problem:
            return {}
        named = {str(resource["name"]): resource for resource in self.vendor["resources"]}
        return {
            name: complete(resource, self.vendor, self._of_resource(ResourceSettings, name))
            for name, resource in named.items()
        }

    def partition_of(self, resource: str) -> PartitionSettings:
        """The partitions of a resource.

        Raises:
            SettingError: They are no partitions.
        """
        return self._of_resource(PartitionSettings, resource)

    def _of_resource(self, spec: type[resolve.Settings], resource: str) -> resolve.Settings:
        # what all accounts share speaks of the common vendor's fields and parameters
        return resolve.load(spec, resource, account=self.name, alone=self._is_of_another_vendor)

    @property
    def _is_of_another_vendor(self) -> bool:
        return self.name is not None and self.api.vendor != resolve.load(ApiSettings).vendor

    def section_of(self, resource: str) -> str:
        """The section of a resource's settings."""
        return ".".join((*self.api.place, resource))

    @cached_property
    def deliverability(self) -> Deliverability | None:
        """The fields that tell how mail is delivered, or None where the vendor tells of none."""
        return None if self.problem else deliverability_of(self.vendor)

    @cached_property
    def automation(self) -> AutomationSettings:
        """`[automation]`, which all accounts share.

        Raises:
            SettingError: A setting has the wrong type or cannot be used.
        """
        return resolve.load(AutomationSettings)

    @cached_property
    def limits(self) -> DeliverabilitySettings:
        """`[deliverability]`, which all accounts share.

        Raises:
            SettingError: A setting has the wrong type or cannot be used.
        """
        return resolve.load(DeliverabilitySettings)

    @cached_property
    def retention(self) -> RetentionSettings:
        """`[retention]`, which all accounts share.

        Raises:
            SettingError: A setting has the wrong type or cannot be used.
        """
        return resolve.load(RetentionSettings)

    @cached_property
    def privacy(self) -> PrivacySettings:
        """`[privacy]`, which all accounts share.

        Raises:
            SettingError: A setting has the wrong type or cannot be used.
        """
        return resolve.load(PrivacySettings)

    @property
    def base_url(self) -> str:
        """The API's address: the setting, or the vendor's own."""
        return self.api.base_url or str(self.vendor["client"].get("base_url"))

    @property
    def vendor_name(self) -> str:
        """The vendor's name without the module or folder that it stands in."""
        return Path(self.api.vendor.removesuffix(".py").rpartition(".")[2]).name

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the vendor wants in every request."""
        return self.vendor["client"].get("headers") or {}

    @property
    def is_configured(self) -> bool:
        """True if there is an API to ask, or at least a key for one."""
        is_chosen = self.name is not None or self.api.vendor != "generic"
        return is_chosen or bool(self.api.base_url or self.secret("api_key"))

    def check_resource(self, name: str) -> None:
        """Refuse what is no resource of the vendor.

        Raises:
            SettingError: There is none of that name; the text has those that there are.
        """
        if name not in self.resources:
            raise SettingError(
                f"{self.vendor_name} has no resource {name!r}; it has {', '.join(self.resources)}."
            )

    def title_of(self, asset: str) -> str:
        """An asset's name for people, with the account's prefix: `marketing/messages`."""
        return "/".join([*self.key_prefix, asset])

    def named(self, definition: str) -> str:
        """The name of a job, schedule or sensor of this account: `marketing_email_all`."""
        return "_".join([*self.key_prefix, definition])

    def runtime(self) -> Runtime:
        """The time limits and retries of dlt's `[runtime]`, a new copy each time.

        Raises:
            SettingError: A value has the wrong type, or no request could be sent with it.
        """
        return load_runtime()

    def secret(self, name: str) -> str | None:
        """A secret as it is now, or None if it is not set.

        An account's own stands in its section. Without one it is that of `[sources.email]` or of
        the vendor, unless that belongs to an API on another host: it would learn the key.
        """
        if self.name is None:
            return resolve.secret(name)
        own = resolve.secret(self._own(name))
        return own or (resolve.secret(name) if self._shares(name) else None)

    def where_to_set_secret(self, name: str) -> str:
        """The sentence that says where a secret stands."""
        return resolve.where_to_set_secret(name if self.name is None else self._own(name))

    def where_to_set(self, name: str) -> str:
        """The sentence that says where a setting of the account stands."""
        return resolve.where_to_set(self.api, name)

    def as_set_now(self) -> Account:
        """The same account with the settings as they are now; a code server lives for months."""
        now = configured_account(self.name)
        return replace(now, key_prefix=self.key_prefix, group=self.group)

    def _own(self, secret: str) -> str:
        return f"sources.email.accounts.{self.name}.{secret.rpartition('.')[2]}"

    def _shares(self, secret: str) -> bool:
        """True if a secret that stands outside of the account's section is for its API too."""
        common = resolve.load(ApiSettings)
        of_vendor = common.vendor != self.api.vendor and secret.startswith("sources.email.")
        vendor = self.vendor if of_vendor else configured_account().vendor
        meant_for = str(vendor["client"].get("base_url"))
        if not of_vendor:
            meant_for = common.base_url or meant_for
        host = urlsplit(meant_for).hostname
        return host in (PLACEHOLDER_HOST, urlsplit(self.base_url).hostname)


def configured_account(name: str | None = None) -> Account:
    """The account of `[sources.email.accounts.<name>]`, or of `[sources.email]` without a name.

    Raises:
        SettingError: There is no such account, or a setting of it cannot be used.
    """
    if name is not None:
        refuse_unknown(name)
    return Account(
        api_of(name),
        warehouse_of(name),
        resolve.load(CatalogSettings),
        name,
        key_prefix=() if name is None else (name,),
        group=group_of(name),
    )
