"""An email service's API as Dagster assets in your warehouse.

`build_defs` and `EmailServiceComponent` put them into the Dagster of others, and `source` into a
dlt pipeline of theirs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_assets.component import EmailServiceComponent
    from email_assets.defs.build import build_defs
    from email_assets.sync.standalone import source

__all__ = ["EmailServiceComponent", "build_defs", "source"]

_MODULES = {
    "EmailServiceComponent": "email_assets.component",
    "build_defs": "email_assets.defs.build",
    "source": "email_assets.sync.standalone",
}


def __getattr__(name: str) -> Any:
    # only when they are asked for: dlt imports this package for its normalizer, without Dagster
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # `dg list components` looks here
    return sorted({*globals(), *__all__})
