"""When to run beyond the clock, and whom to tell when a run fails."""

import json
import warnings
from collections.abc import Sequence

import dagster as dg
import requests

from email_assets import settings
from email_assets.api.errors import ApiUnavailableError
from email_assets.api.redaction import redact
from email_assets.errors import EmailAssetsError
from email_assets.schedules import names_of
from email_assets.settings import AutomationSettings
from email_assets.source import glimpse, vendor_resources

NEW_RECORDS = "new_records"
WEBHOOK_SECONDS = 10
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


class WebhookError(EmailAssetsError):
    """An alert could not be delivered."""


def build_sensors(
    freshness_checks: Sequence[dg.AssetChecksDefinition],
) -> list[dg.SensorDefinition]:
    """All sensors, switched off unless the settings say otherwise."""
    enabled = settings.load(AutomationSettings).enabled
    status = dg.DefaultSensorStatus.RUNNING if enabled else dg.DefaultSensorStatus.STOPPED
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*build_sensor_for_freshness_checks")
        freshness = dg.build_sensor_for_freshness_checks(
            freshness_checks=freshness_checks, name="freshness_checks", default_status=status
        )
    return [_build_new_records(status), freshness, _build_run_failure_alert(status)]


def _build_new_records(status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    names = names_of("event")

    @dg.sensor(
        name=NEW_RECORDS,
        asset_selection=dg.AssetSelection.assets(*names),
        minimum_interval_seconds=60,
        default_status=status,
        description="Asks the API for one row of each event resource and syncs those whose total "
        "or newest row has changed.",
    )
    def new_records(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if context.instance.get_runs(
            dg.RunsFilter(tags={"dagster/sensor_name": NEW_RECORDS}, statuses=UNFINISHED), limit=1
        ):
            return dg.SkipReason("The run of an earlier tick has not finished yet.")
        seen = json.loads(context.cursor) if context.cursor else {}
        try:
            now = {name: _fingerprint(name, context) for name in names}
        except ApiUnavailableError as error:
            return dg.SkipReason(str(error))
        changed = [name for name in names if seen.get(name) != now[name]]
        if not changed:
            return dg.SkipReason("The API has nothing new.")
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=json.dumps({name: now[name] for name in changed}),
                    asset_selection=[dg.AssetKey(name) for name in changed],
                )
            ],
            cursor=json.dumps(now),
        )

    return new_records


def _fingerprint(name: str, context: dg.SensorEvaluationContext) -> str:
    head = glimpse(name, say=context.log.info)
    return f"{head.total} {head.newest}"


def _build_run_failure_alert(status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    ours = {dg.AssetKey(name) for name in vendor_resources()}

    # runs of the CLI name no code location, so only watching all of them sees those too
    @dg.run_failure_sensor(
        name="run_failure_alert",
        monitor_all_code_locations=True,
        default_status=status,
        description="Tells the webhook of [alerts] webhook_url when a run of these assets fails; "
        "without one, the log.",
    )
    def run_failure_alert(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        failed = [
            name
            for step in context.get_step_failure_events()
            if dg.AssetKey(name := str(step.step_key)) in ours
        ]
        if not failed:
            return dg.SkipReason("The run that failed is none of these assets'.")
        text = _sentence(context, failed)
        webhook = settings.secret("alerts.webhook_url")
        if webhook is None:
            context.log.error(text)
        else:
            _post(webhook, text)
        return None

    return run_failure_alert


def _sentence(context: dg.RunFailureSensorContext, failed: list[str]) -> str:
    run_id = context.dagster_run.run_id
    return f"{', '.join(failed)} failed in run {run_id}"


def _post(webhook: str, text: str) -> None:
    """Send Slack's simplest message: https://api.slack.com/messaging/webhooks."""
    try:
        answer = requests.post(webhook, json={"text": text}, timeout=WEBHOOK_SECONDS)
        problem = None if answer.ok else f"answered {answer.status_code}"
    except requests.RequestException as error:
        problem = f"could not be reached ({type(error).__name__})"
    if problem:
        # outside of the except block: the exception's text holds the URL, which is a secret
        raise WebhookError(
            f"The alert webhook {problem}. Set [alerts] webhook_url in .dlt/secrets.toml or "
            f"ALERTS__WEBHOOK_URL. The alert was: {redact(text)}"
        )
