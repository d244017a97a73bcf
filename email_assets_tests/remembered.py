"""Remembers answers that dlt and Dagster work out anew for every sync and run.

dlt takes a third of a small sync to ask of the same types, thousands of times, whether a value of
them is a secret or optional. In the tests' own process each question is asked once.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import dlt.common.configuration.specs.base_configuration as specs
import dlt.common.typing as types
import dlt.common.validation as validation
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from dlt.common.schema.normalizers import import_normalizers
from typing_extensions import get_type_hints

OF_SPECS = (
    "extract_inner_hint",
    "is_base_configuration_inner_hint",
    "is_context_inner_hint",
    "is_hint_not_resolvable",
    "is_secret_hint",
)
OF_TYPES = ("extract_inner_type", "is_literal_type", "is_optional_type", "is_union_type")


def remember_answers(patch: pytest.MonkeyPatch) -> None:
    """Let dlt and Dagster remember them until the patch is undone."""
    for module, names in ((specs, OF_SPECS), (types, OF_TYPES)):
        for name in names:
            _replace(patch, getattr(module, name), _remembering(getattr(module, name)))
    _remember_fields(patch)
    # for which nothing is ever set, and dlt looks thirty times in a sync
    _replace(patch, import_normalizers, inspect.unwrap(import_normalizers))
    patch.setattr(validation, "get_type_hints", _type_hints)
    patch.setattr(ScriptDirectory, "from_config", _script_directories())


def _remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    remembered = functools.cache(function)

    @functools.wraps(function)
    def ask(*arguments: Any, **named: Any) -> Any:
        try:
            return remembered(*arguments, **named)
        except TypeError:  # a type that cannot be a key
            return function(*arguments, **named)

    return ask


def _replace(patch: pytest.MonkeyPatch, old: Callable[..., Any], new: Callable[..., Any]) -> None:
    """Put a function in another's place, wherever it was imported already."""
    for module in list(sys.modules.values()):
        if vars(module).get(old.__name__) is old:
            patch.setattr(module, old.__name__, new)


def _remember_fields(patch: pytest.MonkeyPatch) -> None:
    """Let each class of settings remember which fields it has, and of which types."""
    inner: dict[str, Any] = dict(vars(specs.BaseConfiguration))
    fields: Any = functools.cache(inner["get_resolvable_fields"].__func__)
    names: Any = functools.cache(lambda spec: tuple(inner["__iter__"](spec)))
    by_class = classmethod(lambda spec: dict(fields(spec)))
    patch.setattr(specs.BaseConfiguration, "get_resolvable_fields", by_class)
    patch.setattr(specs.BaseConfiguration, "__iter__", lambda config: iter(names(type(config))))


@functools.cache
def _type_hints_of(spec: type) -> dict[str, Any]:
    return get_type_hints(spec, globalns=vars(sys.modules[spec.__module__]))


def _type_hints(spec: type, globalns: dict[str, Any] | None) -> dict[str, Any]:
    return _type_hints_of(spec)


def _script_directories() -> Callable[[Config], ScriptDirectory]:
    """Dagster opens a database for each run, for which alembic reads ninety scripts twice."""
    read, known = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def from_config(config: Config) -> ScriptDirectory:
        location = config.get_main_option("script_location")
        if location not in known:
            known[location] = read(config)
        return known[location]

    return from_config
