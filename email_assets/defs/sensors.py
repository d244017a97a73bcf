"""Sensors: runs that no schedule asked for."""

import json
import warnings
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

import dagster as dg

from email_assets.account import Account
from email_assets.clock import now
from email_assets.defs.alerts.sensor import build_alerts
from email_assets.defs.freshness import window_of
from email_assets.defs.schedules import names_of
from email_assets.deliverability.selection import with_derived_assets
from email_assets.errors import ApiError, ApiUnavailableError
from email_assets.settings import resolve
from email_assets.settings.sections import AutomationSettings
from email_assets.sync.source import glimpse

NEW_RECORDS = "new_records"
TRY_AGAIN_AFTER = timedelta(minutes=15)
"""After a run of `new_records` that failed; sooner would be a flood while the API is down."""
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def build_sensors(
    account: Account,
    freshness_checks: Sequence[dg.AssetChecksDefinition],
) -> list[dg.SensorDefinition]:
    """All sensors, switched off unless the settings say otherwise."""
    enabled = resolve.load(AutomationSettings).enabled
    status = dg.DefaultSensorStatus.RUNNING if enabled else dg.DefaultSensorStatus.STOPPED
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*build_sensor_for_freshness_checks")
        freshness = dg.build_sensor_for_freshness_checks(
            freshness_checks=freshness_checks, name="freshness_checks", default_status=status
        )
    return [_build_new_records(account, status), freshness, build_alerts(account, status)]


def _build_new_records(account: Account, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    names = names_of(account, "event")
    patience = window_of("event", resolve.load(AutomationSettings))

    @dg.sensor(
        name=NEW_RECORDS,
        asset_selection=dg.AssetSelection.assets(*with_derived_assets(account, names)),
        minimum_interval_seconds=60,
        default_status=status,
        description="Asks the API for one row of each event resource and syncs those whose total "
        "or newest row has changed.",
    )
    def new_records(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        # a run that was killed stays unfinished for ever, so an old one is waited for no longer
        under_way = dg.RunsFilter(
            tags={"dagster/sensor_name": NEW_RECORDS},
            statuses=UNFINISHED,
            created_after=now() - patience,
        )
        if context.instance.get_run_records(under_way, limit=1):
            return dg.SkipReason("The run of an earlier tick has not finished yet.")
        seen = json.loads(context.cursor) if context.cursor else {}
        for name in _failed_to_sync(context.instance):
            seen.pop(name, None)
        now_set = account.as_set_now()
        found = {name: _fingerprint(now_set, name, context) for name in names}
        heads = seen | {name: head for name, head in found.items() if isinstance(head, str)}
        changed = [name for name in names if heads.get(name) != seen.get(name)]
        problems = [head for head in found.values() if not isinstance(head, str)]
        if not changed:
            for problem in problems:
                if not isinstance(problem, ApiUnavailableError):
                    raise problem
            return dg.SkipReason(" ".join(map(str, problems)) or "The API has nothing new.")
        for problem in problems:
            context.log.warning(str(problem))
        # no run_key: Dagster would skip a change that is undone and then made again
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    asset_selection=[
                        dg.AssetKey(name) for name in with_derived_assets(account, changed)
                    ]
                )
            ],
            cursor=json.dumps(heads),
        )

    return new_records


def _failed_to_sync(instance: dg.DagsterInstance) -> list[str]:
    """The resources that the sensor's last run did not sync, once some time has passed."""
    last = instance.get_run_records(
        dg.RunsFilter(tags={"dagster/sensor_name": NEW_RECORDS}), limit=1
    )
    if not last or last[0].dagster_run.status == dg.DagsterRunStatus.SUCCESS:
        return []
    if now() - last[0].create_timestamp < TRY_AGAIN_AFTER:
        return []
    return [key.to_user_string() for key in last[0].dagster_run.asset_selection or ()]


def _fingerprint(
    account: Account, name: str, context: dg.SensorEvaluationContext
) -> str | ApiError:
    """A digest that changes when rows come or go, or the reason why there is none just now."""
    try:
        head = glimpse(account, name, say=context.log.info)
    except ApiError as error:
        return error
    # hashed: some APIs' keys are customers' addresses, and Dagster keeps the cursor
    return sha256(f"{head.total} {head.newest}".encode()).hexdigest()[:16]
