"""The assets that were not materialized within their windows."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from email_assets.alerts.causes import Problem
from email_assets.defs.alerts.failures import slot_of
from email_assets.defs.alerts.history import History

WHY = "Its schedule is off, or its runs do not start or do not end: see Automation and Runs."


def stale_assets(history: History, wrong: set[str], now: float) -> Iterator[Problem]:
    """The assets that are stale; one that was never materialized is so a window after it was seen.

    Args:
        history: When each asset was materialized.
        wrong: What something is known to be wrong with. That it, and what is downstream of it or
            of a blocking check, goes stale follows from that.
        now: In seconds since 1970.
    """
    held_up = wrong | {
        key.asset_key.to_user_string()
        for key, checks in history.checks.items()
        if slot_of(key) in wrong and checks.get_spec_for_check_key(key).blocking
    }
    for slot, window in sorted(history.windows.items()):
        since = history.position.well.get(slot)
        why = "not materialized"
        if since is None:
            if _may_be_skipped(history, slot):
                continue
            since, why = history.position.watched.setdefault(slot, now), "never materialized"
        known = slot in wrong or not held_up.isdisjoint(_upstream_of(history, slot))
        if now - since > window and not known:
            yield Problem(
                slot,
                "went stale",
                f"{why} within {window / 3600:g} h. {WHY}",
                since,
                link=history.page_of(slot),
                page=history.page_of(slot),
            )


def _may_be_skipped(history: History, slot: str) -> bool:
    """True if a run of an asset may succeed without materializing it."""
    key = dg.AssetKey.from_user_string(slot)
    return history.assets[key].specs_by_key[key].skippable


def _upstream_of(history: History, slot: str) -> set[str]:
    graph, key = history.repository.asset_graph, dg.AssetKey.from_user_string(slot)
    return {above.to_user_string() for above in graph.get_ancestor_asset_keys(key)}
