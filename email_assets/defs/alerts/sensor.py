"""The sensor that tells people what is wrong, and when it is well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from socket import gethostname
from urllib.parse import urlsplit

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from email_assets.account import Account
from email_assets.alerts.causes import Causes, open_slots, recover, tell, told_slots
from email_assets.alerts.channels import Message, Webhook
from email_assets.alerts.configured import NO_CHANNEL, InvalidChannel, channels, dagster_url
from email_assets.alerts.mail import Mail
from email_assets.alerts.outbox import Outbox
from email_assets.alerts.wording import names_in
from email_assets.clock import now
from email_assets.defs.alerts.history import History, HistoryPosition
from email_assets.defs.alerts.staleness import stale_assets
from email_assets.defs.names import ALERTS, SETTINGS
from email_assets.redaction import redact_line, redacted
from email_assets.sentences import in_one_sentence
from email_assets.settings.alerting import alerting_as_set_now
from email_assets.settings.resolve import SettingError


@dataclass
class AlertState:
    """The sensor's cursor: all that a tick hands on to the next one."""

    position: HistoryPosition = field(default_factory=HistoryPosition)
    causes: Causes = field(default_factory=dict)
    outbox: Outbox = field(default_factory=Outbox)


STATE_ADAPTER = TypeAdapter(AlertState)


def build_alerts(account: Account, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor of what is wrong."""

    @dg.sensor(
        name=account.named(ALERTS),
        minimum_interval_seconds=30,
        default_status=status,
        description="Tells the webhook and the mail addresses of [alerts] when runs of these "
        "assets fail, when checks fail or warn and when assets go stale, and when that is over; "
        "without any, the log.",
    )
    @in_one_sentence(account.named(ALERTS))
    def alerts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        state, alerting = _recall(context), alerting_as_set_now()
        url, problem_of_url = dagster_url(alerting)
        messages = _look(account, context, state, url)
        wrong = names_in(open_slots(state.causes))
        summary = f"Something is wrong with {wrong}." if wrong else "Nothing is wrong."
        trouble = _send(context, state.outbox, messages, channels(alerting))
        if problem_of_url:
            redacted(context.log.warning)(problem_of_url)
            trouble.append(problem_of_url)
        return dg.SensorResult(
            skip_reason=redact_line(" ".join([*trouble, summary])),
            cursor=STATE_ADAPTER.dump_json(state).decode(),
        )

    return alerts


def _recall(context: dg.SensorEvaluationContext) -> AlertState:
    try:
        return STATE_ADAPTER.validate_json(context.cursor) if context.cursor else AlertState()
    except ValidationError:
        context.log.warning("The cursor cannot be read, so all that is wrong is told anew.")
        return AlertState()


def _look(
    account: Account, context: dg.SensorEvaluationContext, state: AlertState, url: str
) -> list[Message]:
    """The messages that there are to send since the last tick."""
    repository, origin = context.repository_def, context.code_location_origin
    assert repository  # noqa: S101 (a sensor is evaluated in its code location)
    assert origin  # noqa: S101
    history = History(
        account, context.instance, repository, origin.location_name, url, state.position
    )
    causes, well, at = state.causes, state.position.well, now().timestamp()
    of_account = f"account {account.name}, " if account.name else ""
    where = f"{of_account}{_api_of(account)}, host {gethostname()}"
    problems = history.new_problems([cause.open for cause in causes.values()], at)
    settings = account.title_of(SETTINGS)
    # that it has other assets than the one that stands for wrong settings shows that they are right
    mended = {} if account.problem or SETTINGS in account.resources else {settings: at}
    # assets that wrong settings hide are still known: they recover once they are back
    hidden = told_slots(causes) if account.problem else set[str]()
    messages = [
        *recover(causes, {**well, **mended}, {*history.slots, settings, *hidden}, where),
        *tell(causes, problems, well, where),
    ]
    stale = stale_assets(history, open_slots(causes), at)
    return [*messages, *tell(causes, [*stale], well, where)]


def _api_of(account: Account) -> str:
    """The vendor and the address of an account, as the settings are now."""
    if account.problem:
        return "an API that its settings do not tell"
    try:
        account = account.as_set_now()
        return f"{account.api.vendor} at {urlsplit(account.base_url).netloc}"
    except SettingError:  # the runs tell of it; alerts go on
        return account.api.vendor


def _send(
    context: dg.SensorEvaluationContext,
    outbox: Outbox,
    messages: list[Message],
    found: Sequence[Webhook | Mail | InvalidChannel],
) -> list[str]:
    """Send what can be sent, and tell what cannot."""
    if not found:  # what waits goes on waiting: a file of settings may just be being written
        for message in messages:
            context.log.error(message.text)
        return [NO_CHANNEL]
    warn = redacted(context.log.warning)
    outbox.add(messages, [channel.name for channel in found])
    problems = [channel.problem for channel in found if isinstance(channel, InvalidChannel)]
    for problem in problems:
        warn(problem)
    usable = [channel for channel in found if not isinstance(channel, InvalidChannel)]
    return [*problems, *outbox.deliver(usable, warn)]
