"""A vendor to make mistakes in, and the sentence on a vendor's file that cannot be used."""

from copy import deepcopy
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.settings.resolve import SettingError
from email_assets.vendors.generic import VENDOR
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]


REMEDY = "Set it as [sources.email] vendor in .dlt/config.toml or as SOURCES__EMAIL__VENDOR."


def problem_of(name: str) -> str:
    """The mistake of the vendor that the settings name, without the place to set another."""
    with pytest.raises(SettingError) as caught:
        assert configured_account().vendor
    sentence = str(caught.value)
    assert sentence.startswith(f"vendor {name!r} ")
    assert sentence.endswith(f". {REMEDY}")
    return sentence.removeprefix(f"vendor {name!r} ").removesuffix(f". {REMEDY}")


def problem_in(use_vendor: UseVendor, vendor: Any) -> str:
    """The mistake that is found in this vendor."""
    name = use_vendor(f"from email_assets.vendors import Secret\nVENDOR = {vendor!r}")
    return problem_of(name).removeprefix("is not a vendor file: ")


@pytest.fixture
def vendor() -> Any:
    """A vendor like the vendor-neutral one, to make mistakes in."""
    return deepcopy(VENDOR)
