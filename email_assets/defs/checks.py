"""Asset checks: are the keys unique, is the table complete and of the same shape?"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.defs import recording
from email_assets.defs.names import key_of, op_of
from email_assets.defs.rows_gone import ROWS_GONE, Left, figures_of
from email_assets.errors import EmailAssetsError
from email_assets.sync.report import sentence_on
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import primary_key
from email_assets.warehouse.counts import KeyCount, count_keys

PRIMARY_KEY = "primary_key"
COMPLETE = "complete"
SCHEMA_UNCHANGED = "schema_unchanged"
FEW = 10
"""Owners that a sentence names."""


def build_checks(account: Account) -> list[dg.AssetChecksDefinition]:
    """`primary_key`, `complete` and `schema_unchanged` for every resource."""
    return [_build_checks(account, resource) for resource in account.resources.values()]


def _build_checks(account: Account, resource: VendorResource) -> dg.AssetChecksDefinition:
    name, key = str(resource["name"]), primary_key(resource)
    asset = key_of(account, name)

    # in one step, for which the warehouse is opened once
    @dg.multi_asset_check(
        name=f"{op_of(account, name)}_checks",
        specs=[
            dg.AssetCheckSpec(
                PRIMARY_KEY,
                asset=asset,
                # fails the run, so that its failure reaches whoever hears of failed runs
                blocking=True,
                description=f"No row lacks its {', '.join(key)}, and no two rows have the same.",
            ),
            dg.AssetCheckSpec(
                COMPLETE,
                asset=asset,
                description="The last sync read as many rows as the API said there are in the "
                "stretch of time that it asked for, and the table holds at least as many, and all "
                "that the sync before left in it.",
            ),
            dg.AssetCheckSpec(
                SCHEMA_UNCHANGED,
                asset=asset,
                description="The last sync brought no new column and no value of another type.",
            ),
        ],
        can_subset=True,
    )
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        asked = {check.name for check in context.selected_asset_check_keys}
        # before the table is read, into which another sync may load more
        last_sync = context.instance.get_latest_materialization_event(asset)
        figures = figures_of(last_sync)
        if SCHEMA_UNCHANGED in asked:
            yield _judge_schema(name, figures)
            asked.discard(SCHEMA_UNCHANGED)
        if not asked:
            return
        try:
            now, say = account.as_set_now(), recording.info(context)
            found = count_keys(now.warehouse, name, key, say=say) or KeyCount(0, 0, 0, [])
            left = Left.by_sync(last_sync)
            gone = left.gone(now, name, found.rows, say) if left and COMPLETE in asked else 0
        except EmailAssetsError as error:
            yield from (_warn(str(error), check=check) for check in sorted(asked))
            return
        if PRIMARY_KEY in asked:
            yield _judge_keys(name, key, figures, found)
        if COMPLETE in asked:
            yield _judge_completeness(name, figures, found.rows, gone)

    return checks


def _judge_keys(
    name: str, key: list[str], figures: dict[str, Any], found: KeyCount
) -> dg.AssetCheckResult:
    left_out = int(figures.get("rows_without_key", 0))
    problems = {
        f"rows that came without {', '.join(key)} and were not loaded": left_out,
        "rows of the table that have none": found.null_keys,
        "keys that more than one row has": found.duplicate_keys,
    }
    told = [f"{problem}: {count}" for problem, count in problems.items() if count]
    nothing = [] if found.rows else ["nothing is loaded yet"]
    return recording.judged(
        PRIMARY_KEY,
        f"{name}: {'; '.join(told or nothing)}." if told or nothing else None,
        {
            "rows": found.rows,
            "null_ids": left_out + found.null_keys,
            "duplicate_ids": found.duplicate_keys,
            "duplicate_examples": found.examples,
        },
        passed=not told,
    )


def _judge_completeness(
    name: str, figures: dict[str, Any], rows: int, gone_since: int
) -> dg.AssetCheckResult:
    if "rows_listed" not in figures:
        # never, or by hand in the UI, which leaves no figures
        return _warn(f"{name}: no sync has told yet what the API has. Materialize it.")
    listed, total = int(figures["rows_listed"]), figures.get("api_total")
    stopped_early = bool(figures.get("stopped_early"))
    metadata = {"rows": rows, "rows_listed": listed}
    if gone := int(figures.get(ROWS_GONE, 0)) + gone_since:
        return _warn(
            f"{name}: rows that a sync left in the table and that are gone: {gone}. Neither "
            "keep_days nor forget deleted them; ask who else writes to the warehouse. A "
            "full_refresh loads those again that the API still has.",
            metadata,
        )
    if missed := figures.get("stretches_missed"):
        sentences = [sentence_on(*found) for found in missed.items()]
        more = [f"and {len(missed) - FEW} more"] if len(missed) > FEW else []
        return _warn(f"{name}: {'; '.join(sentences[:FEW] + more)}.", metadata)
    if missing := _owners_missing(figures):
        return _warn(f"{name}: {missing}", metadata)
    if figures.get("newest_is_missing"):
        return _warn(
            f"{name}: the API gave nothing, not even the newest row that it gave before. If "
            "that row was not deleted, the API misreads start_param or convert: correct them, "
            "and run a full_refresh.",
            metadata,
        )
    if rows and listed == 0 and figures.get("window") == "everything":
        return _warn(
            f"{name}: the API gave no rows at all, and the table holds {rows}, which stay. If not "
            "all of them were deleted there, see that base_url and the key are those of the "
            "account that the table was loaded from.",
            metadata | ({} if total is None else {"api_total": int(total)}),
        )
    if total is None:
        end = "as far as was asked" if stopped_early else "to the end"
        told = f"{name}: the API gives no total; its list was read {end}."
        return recording.judged(COMPLETE, told, metadata, passed=True)
    metadata["api_total"] = int(total)
    if listed < total and not stopped_early:
        return _warn(
            f"{name}: the API said there are {total} rows and gave {listed}. Those are loaded; "
            "run again, and ask the API's provider if it stays so.",
            metadata,
        )
    withheld = figures.get("rows_withheld")
    # what [privacy] keeps out of the table is counted only as far as the last sync read
    if rows < total and stopped_early and withheld is None:
        return _warn(
            f"{name}: the API has {total} rows and the table holds {rows}. The last sync left "
            "out what is older; a full_refresh reads everything.",
            metadata,
        )
    if rows + int(withheld or 0) < total and not stopped_early:
        return _warn(
            f"{name}: the API listed {total} rows and the table holds {rows}. Rows without a "
            "key are left out and rows with equal keys become one; see primary_key.",
            metadata,
        )
    nothing = f"{name}: the API has no rows yet." if total == 0 else None
    return recording.judged(COMPLETE, nothing, metadata, passed=True)


def _owners_missing(figures: dict[str, Any]) -> str:
    """Sentences on the owners whose rows did not come, or nothing if those of all did."""
    did, then = list[str](), list[str]()
    if refused := figures.get("owners_refused"):
        did.append(f"refused the rows of {_few_of(refused)}")
        then.append("Give the key the right to read them; then they are read from where they were.")
    if unavailable := figures.get("owners_unavailable"):
        did.append(f"failed to give the rows of {_few_of(unavailable)}")
        then.append(
            "Once the API gives them, they are read from where they were; ask its provider if it "
            "does not."
        )
    told = f"the API {' and '.join(did)}. Those of the others are loaded. {' '.join(then)}"
    return told if did else ""


def _few_of(owners: dict[str, str]) -> str:
    named = [f"{owner} ({reason})" for owner, reason in list(owners.items())[:FEW]]
    more = [f"{len(owners) - FEW} more"] if len(owners) > FEW else []
    return ", ".join(named + more)


def _judge_schema(name: str, figures: dict[str, Any]) -> dg.AssetCheckResult:
    changes: list[str] = figures.get("schema_changes") or []
    if changes:
        return _warn(
            f"{name}: the last sync brought {'; '.join(changes)}. The rows are "
            "loaded; see that whoever reads the table can do with it.",
            check=SCHEMA_UNCHANGED,
        )
    return recording.judged(SCHEMA_UNCHANGED, None, passed=True)


def _warn(
    sentence: str, metadata: dict[str, Any] | None = None, *, check: str = COMPLETE
) -> dg.AssetCheckResult:
    return recording.judged(
        check, sentence, metadata, passed=False, severity=dg.AssetCheckSeverity.WARN
    )
