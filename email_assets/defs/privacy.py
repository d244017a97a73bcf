"""Asset checks of privacy: nobody who was forgotten is in a resource's tables."""

from collections.abc import Iterator

import dagster as dg

from email_assets.account import Account
from email_assets.defs import recording
from email_assets.defs.names import key_of, op_of
from email_assets.errors import EmailAssetsError
from email_assets.privacy.memory import forgotten_in
from email_assets.privacy.purge import rows_that_name
from email_assets.settings.privacy import SALT
from email_assets.settings.resolve import secret
from email_assets.warehouse.destination import connected

FORGOTTEN = "forgotten"


def build_privacy_checks(account: Account) -> list[dg.AssetChecksDefinition]:
    """`forgotten` for every resource, where there is a salt: without one nobody can be forgotten.

    Raises:
        SettingError: `[privacy]` cannot be used.
    """
    for name in account.resources:
        account.private_fields(name)
    if secret(SALT) is None:
        return []
    return [_build_check(account, name) for name in account.resources]


def _build_check(account: Account, name: str) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=f"{op_of(account, name)}_privacy",
        specs=[
            dg.AssetCheckSpec(
                FORGOTTEN,
                asset=key_of(account, name),
                description="No row of its tables names a person who was forgotten.",
            )
        ],
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        warehouse = account.as_set_now().warehouse
        people, found = 0, dict[str, int]()
        try:
            with connected(warehouse, name, recording.info(context), read_only=True) as client:
                forgotten = forgotten_in(client, name) if client else None
                if client and forgotten:
                    people = len(forgotten.people)
                    found = rows_that_name(client, name, forgotten)
        except EmailAssetsError as error:
            yield recording.judged(FORGOTTEN, str(error), passed=False)
            return
        told = ", ".join(f"{table} ({rows})" for table, rows in found.items())
        yield recording.judged(
            FORGOTTEN,
            f"{name}: people who were forgotten are in {told}. Run email-assets forget with the "
            "pseudonym of any receipt, which deletes them all."
            if found
            else None,
            {"people": people, "rows": sum(found.values())},
            passed=not found,
        )

    return check
