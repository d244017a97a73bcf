"""Asset checks that nobody who was forgotten and no row that is too old is kept."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from email_assets.account import Account
from email_assets.account.private import private_fields
from email_assets.defs import recording
from email_assets.defs.names import key_of, op_of
from email_assets.errors import EmailAssetsError
from email_assets.privacy.expiry import count_older, delete_older
from email_assets.privacy.leftovers import leftovers
from email_assets.privacy.memory import forgotten_in
from email_assets.privacy.purge import rows_that_name
from email_assets.privacy.rows import kept_since
from email_assets.settings.privacy import SALT, PrivateFields
from email_assets.settings.resolve import secret
from email_assets.warehouse.destination import connected
from email_assets.warehouse.readers import copy_for_readers
from email_assets.warehouse.turn import SqlClient

FORGOTTEN = "forgotten"
KEEP_DAYS = "keep_days"
PRIVATE_FIELDS = "private_fields"
DESCRIPTIONS = {
    FORGOTTEN: "No row of its tables names a person who was forgotten.",
    KEEP_DAYS: "No row of its table is older than keep_days, and than the day on which what is "
    "older is deleted.",
    PRIVATE_FIELDS: "No row has a field as it came that [privacy] hashes or drops by now.",
}
BETWEEN_DELETIONS = timedelta(days=2)
"""Rows may be older for as long, since they are deleted once a day."""


def build_privacy_checks(account: Account) -> list[dg.AssetChecksDefinition]:
    """`forgotten` where there is a salt, without which nobody can be, and those of settings.

    Raises:
        SettingError: `[privacy]` cannot be used.
    """
    wanted = {name: _checks_of(account, name) for name in account.resources}
    return [_build_checks(account, name, checks) for name, checks in wanted.items() if checks]


def build_deletion(account: Account) -> dg.OpDefinition | None:
    """An op that deletes rows older than `[privacy] keep_days`; None if all are kept."""
    if not any(private_fields(account, name).keep_days for name in account.resources):
        return None

    @dg.op(name=op_of(account, "delete_old_rows"))
    def delete_old_rows(context: dg.OpExecutionContext) -> None:
        deleted: dict[str, int] = {}
        problems = []
        try:
            now = account.as_set_now()
        except EmailAssetsError as error:
            raise dg.Failure(str(error)) from None
        for name in now.resources:
            # one whose rows cannot be deleted must not keep those of all others
            try:
                fields = private_fields(now, name)
                before = kept_since(fields)
                if before is None or fields.time is None:
                    continue
                with connected(now.warehouse, name, recording.info(context)) as client:
                    if client:
                        deleted[name] = delete_older(client, name, fields.time, before)
                        copy_for_readers(now.warehouse, client)
            except EmailAssetsError as error:
                problems.append(str(error))
        told = ", ".join(f"{rows} rows of {name}" for name, rows in deleted.items())
        recording.info(context)(f"deleted {told or 'no rows: nothing is loaded yet'}")
        if problems:
            raise dg.Failure(" ".join(problems))
        context.add_output_metadata(recording.cleaned(deleted))

    return delete_old_rows


def _checks_of(account: Account, name: str) -> list[str]:
    fields = private_fields(account, name)
    wanted = {
        FORGOTTEN: secret(SALT) is not None,
        KEEP_DAYS: fields.keep_days is not None,
        PRIVATE_FIELDS: bool(fields.hashed or fields.dropped),
    }
    return [check for check, is_wanted in wanted.items() if is_wanted]


def _build_checks(account: Account, name: str, names: list[str]) -> dg.AssetChecksDefinition:
    key = key_of(account, name)
    specs = [dg.AssetCheckSpec(one, asset=key, description=DESCRIPTIONS[one]) for one in names]

    @dg.multi_asset_check(name=f"{op_of(account, name)}_privacy", specs=specs, can_subset=True)
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        selected = sorted(key.name for key in context.selected_asset_check_keys)
        try:
            now = account.as_set_now()
            fields = private_fields(now, name)
            with connected(now.warehouse, name, recording.info(context), read_only=True) as client:
                judged = [_judge(check, fields, name, client) for check in selected]
        except EmailAssetsError as error:
            problem = str(error)
            judged = [recording.judged(check, problem, passed=False) for check in selected]
        yield from judged

    return checks


def _judge(
    check: str, fields: PrivateFields, name: str, client: SqlClient | None
) -> dg.AssetCheckResult:
    """The result of one check; one that cannot be judged does not keep the others from it."""
    try:
        if check == FORGOTTEN:
            return _judge_forgotten(name, client)
        if check == KEEP_DAYS:
            return _judge_age(fields, name, client)
        return _judge_leftovers(fields, name, client)
    except EmailAssetsError as error:
        return recording.judged(check, str(error), passed=False)


def _judge_forgotten(name: str, client: SqlClient | None) -> dg.AssetCheckResult:
    forgotten = forgotten_in(client, name) if client else None
    found = rows_that_name(client, name, forgotten) if client and forgotten else {}
    told = ", ".join(f"{table} ({rows})" for table, rows in found.items())
    return recording.judged(
        FORGOTTEN,
        f"{name}: people who were forgotten are in {told}. Run email-assets forget with the "
        "pseudonym of any receipt, which deletes them all."
        if found
        else None,
        {"people": len(forgotten.people) if forgotten else 0, "rows": sum(found.values())},
        passed=not found,
    )


def _judge_age(fields: PrivateFields, name: str, client: SqlClient | None) -> dg.AssetCheckResult:
    before = kept_since(fields)
    older = 0
    if client and before and fields.time:
        older = count_older(client, name, fields.time, before - BETWEEN_DELETIONS)
    return recording.judged(
        KEEP_DAYS,
        f"{name}: rows that are older than the {fields.keep_days} days of [privacy] keep_days: "
        f"{older}. Run the job email_retention, which deletes them, and switch its schedule on."
        if older
        else None,
        {"rows": older},
        passed=not older,
    )


def _judge_leftovers(
    fields: PrivateFields, name: str, client: SqlClient | None
) -> dg.AssetCheckResult:
    found = leftovers(client, name, fields) if client else {}
    told = ", ".join(f"{field} ({rows})" for field, rows in found.items())
    return recording.judged(
        PRIVATE_FIELDS,
        f"{name}: rows from before [privacy] named it hold as it came: {told}. A full_refresh "
        "loads them anew; what the API no longer has can only be deleted or overwritten by hand."
        if found
        else None,
        {"rows": sum(found.values())},
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
    )
