"""When to run beyond the clock, and whom to tell when a run fails."""

import html
import json
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import dagster as dg
import requests
import urllib3
from requests.adapters import HTTPAdapter

from email_assets import settings
from email_assets.api.errors import ApiError, ApiUnavailableError
from email_assets.api.redaction import redact
from email_assets.api.session import RETRIED_STATUSES
from email_assets.deliverability import made_of
from email_assets.errors import EmailAssetsError
from email_assets.freshness import window_of
from email_assets.retention import JOB_OF_RETENTION
from email_assets.schedules import JOB_OF_ALL, JOB_OF_KIND, names_of
from email_assets.settings import AlertSettings, AutomationSettings
from email_assets.source import glimpse
from email_assets.vendor import vendor_resources

NEW_RECORDS = "new_records"
WEBHOOK_SECONDS = 10
TRY_AGAIN_AFTER = timedelta(minutes=15)
"""After a run of `new_records` that failed; sooner would be a flood while the API is down."""
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
    patience = window_of("event", settings.load(AutomationSettings))

    @dg.sensor(
        name=NEW_RECORDS,
        asset_selection=dg.AssetSelection.assets(*names, *made_of(names)),
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
            created_after=datetime.now(timezone.utc) - patience,
        )
        if context.instance.get_runs(under_way, limit=1):
            return dg.SkipReason("The run of an earlier tick has not finished yet.")
        seen = json.loads(context.cursor) if context.cursor else {}
        for name in _failed_to_sync(context.instance):
            seen.pop(name, None)
        found = {name: _fingerprint(name, context) for name in names}
        now = seen | {name: head for name, head in found.items() if isinstance(head, str)}
        changed = [name for name in names if now.get(name) != seen.get(name)]
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
                    asset_selection=[dg.AssetKey(name) for name in (*changed, *made_of(changed))]
                )
            ],
            cursor=json.dumps(now),
        )

    return new_records


def _failed_to_sync(instance: dg.DagsterInstance) -> list[str]:
    """What the sensor's last run should have synced and did not, once some time has passed."""
    last = instance.get_run_records(
        dg.RunsFilter(tags={"dagster/sensor_name": NEW_RECORDS}), limit=1
    )
    if not last or last[0].dagster_run.status == dg.DagsterRunStatus.SUCCESS:
        return []
    if datetime.now(timezone.utc) - last[0].create_timestamp < TRY_AGAIN_AFTER:
        return []
    return [key.to_user_string() for key in last[0].dagster_run.asset_selection or ()]


def _fingerprint(name: str, context: dg.SensorEvaluationContext) -> str | ApiError:
    """What changes when rows come or go, or why that cannot be told just now."""
    try:
        head = glimpse(name, say=context.log.info)
    except ApiError as error:
        return error
    # hashed: some APIs' keys are customers' addresses, and Dagster keeps the cursor
    return sha256(f"{head.total} {head.newest}".encode()).hexdigest()[:16]


def _build_run_failure_alert(status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    # runs of the CLI name no code location, so only watching all of them sees those too
    @dg.run_failure_sensor(
        name="run_failure_alert",
        monitor_all_code_locations=True,
        default_status=status,
        description="Tells the webhook of [alerts] webhook_url when a run of these assets fails; "
        "without one, the log.",
    )
    def run_failure_alert(context: dg.RunFailureSensorContext) -> None:
        # a SkipReason here would break the tick of another run that failed at the same time, and
        # send its alert again at every tick
        if not _is_ours(context.dagster_run):
            return
        text = _alert(context)
        webhook = settings.secret("alerts.webhook_url")
        if webhook is None:
            context.log.error(text)
        else:
            _post(webhook, text)

    return run_failure_alert


def _is_ours(run: dg.DagsterRun) -> bool:
    """Whether a run is of our jobs, or of some of our assets or their checks."""
    checked = {check.asset_key for check in run.asset_check_selection or ()}
    ours = {dg.AssetKey(name) for name in vendor_resources()}
    return run.job_name in {
        *JOB_OF_KIND.values(),
        JOB_OF_ALL,
        JOB_OF_RETENTION,
    } or not ours.isdisjoint(checked | set(run.asset_selection or ()))


def _alert(context: dg.RunFailureSensorContext) -> str:
    """Which steps failed and why, in one sentence for each reason, and where to look."""
    run = context.dagster_run
    failed: dict[str, list[str]] = {}
    for event in context.get_step_failure_events():
        failed.setdefault(reason_of(event), []).append(str(event.step_key))
    if not failed:
        # the run ended outside of a step: it was killed, or never started
        failed[context.failure_event.message or "nothing says why"] = [run.job_name]
    sentences = [f"{', '.join(steps)} failed: {reason}" for reason, steps in failed.items()]
    address = settings.load(AlertSettings).dagster_url.rstrip("/")
    return f"{redact(' '.join(sentences))} {address}/runs/{run.run_id}"


def reason_of(event: dg.DagsterEvent) -> str:
    """The first sentence of what went wrong in a step, without the name of the step."""
    failure = event.step_failure_data
    if failure.user_failure_data:
        text = failure.user_failure_data.description
    else:
        error = failure.error
        while error and error.cause:
            error = error.cause
        text = error.message if error else None
    first, *rest = ((text or "").strip() or "nothing says why").splitlines()
    if first.endswith(":") and rest:  # the next line names the checks that failed
        first = f"{first} {rest[0]}"
    return first.removeprefix(f"{event.step_key}: ")


def _post(webhook: str, text: str) -> None:
    """Send Slack's simplest message: https://api.slack.com/messaging/webhooks.

    Dagster tells a sensor of a failed run once, so a webhook that is down is tried three times.
    """
    # what an API said must not become a mention of everybody, such as <!channel>
    message = {"text": html.escape(text, quote=False)}
    retries = urllib3.Retry(
        total=2,
        backoff_factor=0.5,
        status_forcelist=RETRIED_STATUSES,
        allowed_methods={"POST"},
        raise_on_status=False,
    )
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=retries))
    session.mount("https://", HTTPAdapter(max_retries=retries))
    try:
        with session:
            answer = session.post(webhook, json=message, timeout=WEBHOOK_SECONDS)
        problem = None if answer.ok else f"answered {answer.status_code}"
    except requests.RequestException as error:
        problem = f"could not be reached ({type(error).__name__})"
    if problem:
        # outside of the except block: the exception's text holds the URL, which is a secret
        raise WebhookError(
            f"The alert webhook {problem}. Set [alerts] webhook_url in .dlt/secrets.toml or "
            f"ALERTS__WEBHOOK_URL. The alert was: {text}"
        )
