"""Partitions of a resource that can be read by time, for Dagster's backfills."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import dagster as dg

from email_assets.account import Account
from email_assets.settings.resolve import SettingError
from email_assets.sync.span import Incremental, Span, SpanError
from email_assets.vendors import VendorResource

DEFINITIONS: dict[str, Callable[..., dg.TimeWindowPartitionsDefinition]] = {
    "daily": dg.DailyPartitionsDefinition,
    "weekly": dg.WeeklyPartitionsDefinition,
    "monthly": dg.MonthlyPartitionsDefinition,
}


def partitions_of(
    account: Account, resource: VendorResource
) -> dg.TimeWindowPartitionsDefinition | None:
    """The partitions that the settings give a resource, up to the one that today is in.

    Raises:
        SettingError: They are given to a resource that cannot be read by time.
    """
    name = str(resource["name"])
    settings = account.partition_of(name)
    if settings.partition is None:
        return None
    if resource["kind"] != "event" or Incremental.of(resource) is None:
        raise SettingError(
            f"[{account.section_of(name)}] partition means nothing without a cursor_path, the "
            "field that says when a row came about, and for inventory, of which a sync reads "
            "everything."
        )
    return DEFINITIONS[settings.partition](start_date=settings.partition_start, end_offset=1)


def refuse_different_partitions(account: Account) -> None:
    """Refuse resources with different partitions: Dagster's jobs have partitions of one kind.

    Raises:
        SettingError: Two resources have different ones.
    """
    found = {name: account.partition_of(name) for name in account.resources}
    kinds = {n: (one.partition, one.partition_start) for n, one in found.items() if one.partition}
    if len({*kinds.values()}) > 1:
        raise SettingError(
            f"{', '.join(kinds)} have different partitions, and one job syncs them all. Give each "
            f"the same partition and partition_start in [{account.section_of('<resource>')}]."
        )


def span_of(context: dg.AssetExecutionContext, asked: Span, *, is_ours: bool) -> Span:
    """The stretch of time that a run is about: its partitions, or else what its config asks for.

    Args:
        context: The run's.
        asked: What the config asks for.
        is_ours: Whether it was the settings that gave the asset its partitions.

    Raises:
        SpanError: The run is of partitions, and the config asks for something too, or they are
            partitions that somebody else gave the asset.
    """
    if not (context.has_partition_key or context.has_partition_key_range):
        return asked
    if not is_ours:
        raise SpanError(
            "This asset has partitions that were put on it from outside, and would read everything "
            "for each of them. Set partition and partition_start of its resource instead."
        )
    if asked != Span():
        raise SpanError("Ask for a partition or for a start, an end or a full_refresh, not both.")
    window = context.partition_time_window
    # a span holds its end, and a partition does not
    return Span(start=window.start, end=window.end - timedelta(microseconds=1))
