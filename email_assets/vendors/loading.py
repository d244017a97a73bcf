"""Finds a vendor by its name: a file of this package, or a module or file of the user's own."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from email_assets.settings.project import project_file
from email_assets.settings.resolve import SettingError
from email_assets.vendors import Vendor
from email_assets.vendors.checking import mistake_in

PACKAGE = "email_assets.vendors"


class _UnfitVendorError(Exception):
    """A vendor's file that cannot be used; its text is the end of a sentence."""


def load_vendor(name: str, remedy: str) -> Vendor:
    """The vendor that a setting names.

    Args:
        name: Its name, or that of a module or file.
        remedy: The sentence that says where the setting stands.

    Raises:
        SettingError: There is no such vendor, or its file is not what it should be.
    """
    with _in_one_sentence(name, remedy):
        return _load(name)


def vendor_file(name: str, remedy: str) -> Path:
    """The file of a vendor, for the same arguments."""
    with _in_one_sentence(name, remedy):
        return Path(str(_find(name).__file__))


@contextmanager
def _in_one_sentence(name: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except _UnfitVendorError as error:
        raise SettingError(f"vendor {name!r} {error}. {remedy}") from error.__cause__


@cache
def _load(name: str) -> Vendor:
    """The vendor, which is read and looked through once, however many accounts it has."""
    vendor = getattr(_find(name), "VENDOR", None)
    if vendor is None:
        raise _UnfitVendorError("has no VENDOR")
    if problem := mistake_in(vendor):
        raise _UnfitVendorError(f"is not a vendor file: {problem}")
    return cast(Vendor, vendor)


@cache
def _find(name: str) -> ModuleType:
    if name.endswith(".py"):
        file = project_file(name)
        spec = importlib.util.spec_from_file_location(Path(name).stem, file)
        if spec is None or spec.loader is None or not file.is_file():
            raise _UnfitVendorError("is no file")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise _does_not_run(error) from error
        return module
    module_name = name if "." in name else f"{PACKAGE}.{name}"
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            # the vendor's module is there, and misses one of its own imports
            raise _does_not_run(error) from error
    except Exception as error:
        raise _does_not_run(error) from error
    raise _UnfitVendorError(
        "is neither one of this package's vendors nor a module or file of yours"
    )


def _does_not_run(error: Exception) -> _UnfitVendorError:
    problem = f"cannot be loaded: {type(error).__name__}: {str(error).rstrip('.')}"
    return _UnfitVendorError(f"{problem}. Correct the file")
