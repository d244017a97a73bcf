"""The sensor that tells people what is wrong, and when it is well again."""

from __future__ import annotations

from dataclasses import dataclass, field

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from email_assets.account import Account
from email_assets.alerts.causes import Causes, names_in, open_slots, recover, tell
from email_assets.alerts.channels import Message
from email_assets.alerts.configured import NO_CHANNEL, Misset, channels, dagster_url
from email_assets.alerts.outbox import Outbox
from email_assets.clock import now
from email_assets.defs.alerts.history import History, Read


@dataclass
class Memory:
    """What a tick hands on to the next one, as the sensor's cursor."""

    read: Read = field(default_factory=Read)
    causes: Causes = field(default_factory=dict)
    outbox: Outbox = field(default_factory=Outbox)


MEMORY = TypeAdapter(Memory)


def build_alerts(account: Account, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor of what is wrong."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=30,
        default_status=status,
        description="Tells the webhook and the mail addresses of [alerts] when runs of these "
        "assets fail, when checks fail or warn and when assets go stale, and when that is over; "
        "without any, the log.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        memory = _recall(context)
        url, misset = dagster_url()
        messages = _look(account, context, memory, url)
        wrong = names_in(open_slots(memory.causes))
        state = f"Something is wrong with {wrong}." if wrong else "Nothing is wrong."
        trouble = _send(context, memory.outbox, messages)
        if misset:
            context.log.warning(misset)
            trouble.append(misset)
        return dg.SensorResult(
            skip_reason=" ".join([*trouble, state]),
            cursor=MEMORY.dump_json(memory).decode(),
        )

    return alerts


def _recall(context: dg.SensorEvaluationContext) -> Memory:
    try:
        return MEMORY.validate_json(context.cursor) if context.cursor else Memory()
    except ValidationError:
        context.log.warning("The cursor cannot be read, so all that is wrong is told anew.")
        return Memory()


def _look(
    account: Account, context: dg.SensorEvaluationContext, memory: Memory, url: str
) -> list[Message]:
    """What there is to tell since the last tick."""
    repository, origin = context.repository_def, context.code_location_origin
    assert repository  # noqa: S101 (a sensor is evaluated in its code location)
    assert origin  # noqa: S101
    history = History(account, context.instance, repository, origin.location_name, url, memory.read)
    causes, well = memory.causes, memory.read.well
    problems = history.new_problems()
    messages = [*recover(causes, well, history.slots), *tell(causes, problems, well)]
    stale = history.stale(open_slots(causes), now().timestamp())
    return [*messages, *tell(causes, stale, well)]


def _send(
    context: dg.SensorEvaluationContext, outbox: Outbox, messages: list[Message]
) -> list[str]:
    """Send what can be sent, and tell what cannot."""
    found = channels()
    if not found:  # what waits goes on waiting: a file of settings may just be being written
        for message in messages:
            context.log.error(message.text)
        return [NO_CHANNEL]
    outbox.add(messages, [channel.name for channel in found])
    misset = [channel.problem for channel in found if isinstance(channel, Misset)]
    for problem in misset:
        context.log.warning(problem)
    usable = [channel for channel in found if not isinstance(channel, Misset)]
    return [*misset, *outbox.deliver(usable, context.log.warning)]
