"""Finds a vendor by its name: a file of this package, or a module or file of the user's own."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from email_assets.settings.resolve import SettingError, project_file, where_to_set
from email_assets.settings.sections import ApiSettings
from email_assets.vendors import Vendor
from email_assets.vendors.checking import mistake_in

PACKAGE = "email_assets.vendors"


@cache
def load_vendor(name: str) -> Vendor:
    """The vendor that `[sources.email] vendor` names.

    Raises:
        SettingError: There is no such vendor, or its file is not what it should be.
    """
    vendor = getattr(_find(name), "VENDOR", None)
    if vendor is None:
        raise _error(name, "has no VENDOR")
    if problem := mistake_in(vendor):
        raise _error(name, f"is not a vendor file: {problem}")
    return cast(Vendor, vendor)


def vendor_file(name: str) -> Path:
    """The file of a vendor."""
    return Path(str(_find(name).__file__))


@cache
def _find(name: str) -> ModuleType:
    if name.endswith(".py"):
        file = project_file(name)
        spec = importlib.util.spec_from_file_location(Path(name).stem, file)
        if spec is None or spec.loader is None or not file.is_file():
            raise _error(name, "is no file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    module_name = name if "." in name else f"{PACKAGE}.{name}"
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise  # the vendor's module is there, and misses one of its own imports
    raise _error(name, "is neither one of this package's vendors nor a module or file of yours")


def _error(name: str, problem: str) -> SettingError:
    return SettingError(f"vendor {name!r} {problem}. {where_to_set(ApiSettings, 'vendor')}")
