"""Builds all that Dagster records of a run: metadata, checks, observations, lines of the log.

Each text in it passes `redact` here, names of metadata and of columns included, so that no asset or
check can forget to clean what an API said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import dagster as dg

from email_assets.redaction import redact, redacted

SETTINGS_SAY = frozenset({"dagster/uri"})
"""Metadata that repeats a setting, in which an `@` stands before a server's name."""


class _HasLog(Protocol):
    @property
    def log(self) -> logging.Logger: ...


def info(context: _HasLog) -> Callable[[str], None]:
    """A function that writes a line into the run's log."""
    return redacted(context.log.info)


def warning(context: _HasLog) -> Callable[[str], None]:
    """A function that writes a warning into the run's log."""
    return redacted(context.log.warning)


def error(context: _HasLog) -> Callable[[str], None]:
    """A function that writes an error into the run's log."""
    return redacted(context.log.error)


def materialized(metadata: Mapping[str, Any]) -> dg.MaterializeResult[Any]:
    """The materialization of the one asset of a step."""
    return dg.MaterializeResult(metadata=cleaned(metadata))


def observed(metadata: Mapping[str, Any]) -> dg.ObserveResult:
    """The observation of the one asset of a step that looks at it."""
    return dg.ObserveResult(metadata=cleaned(metadata))


def seen(asset: dg.AssetKey, metadata: Mapping[str, Any]) -> dg.AssetObservation:
    """An observation of an asset that another asset's step made."""
    return dg.AssetObservation(asset, metadata=cleaned(metadata))


def judged(
    check: str,
    sentence: str | None,
    metadata: Mapping[str, Any] | None = None,
    *,
    passed: bool,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """The result of a check.

    Args:
        check: The check's name.
        sentence: What there is to say, or None.
        metadata: Figures behind it.
        passed: Whether all is well.
        severity: How bad it is, if not.
    """
    return dg.AssetCheckResult(
        check_name=check,
        passed=passed,
        severity=severity,
        description=sentence and redact(sentence),
        metadata=cleaned(metadata or {}),
    )


def cleaned(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as people may see it."""
    return {
        redact(name): value if name in SETTINGS_SAY else _cleaned(value)
        for name, value in metadata.items()
    }


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    if isinstance(value, Mapping):
        return {redact(str(name)): _cleaned(part) for name, part in value.items()}
    if isinstance(value, (dg.TextMetadataValue, dg.MarkdownMetadataValue, dg.JsonMetadataValue)):
        return type(value)(_cleaned(value.value))
    if isinstance(value, dg.TableMetadataValue):
        records = [dg.TableRecord(_cleaned(record.data)) for record in value.records]
        return dg.TableMetadataValue(records, _schema(value.schema))
    if isinstance(value, dg.TableSchema):
        return _schema(value)
    return value


def _schema(schema: dg.TableSchema) -> dg.TableSchema:
    columns = [
        dg.TableColumn(
            redact(column.name), column.type, column.description, column.constraints, column.tags
        )
        for column in schema.columns
    ]
    return dg.TableSchema(columns, schema.constraints)
