"""The report of deliverability once a week, by the channels that take alerts."""

from collections.abc import Callable
from datetime import datetime
from itertools import takewhile

import dagster as dg

from email_assets.account import Account
from email_assets.alerts.channels import DeliveryError, Message, digest_of
from email_assets.alerts.configured import NO_CHANNEL, InvalidChannel, channels, dagster_url
from email_assets.alerts.wording import INFO, fitting
from email_assets.clock import now
from email_assets.defs import recording
from email_assets.defs.names import op_of
from email_assets.deliverability.blocks import as_html, as_text
from email_assets.deliverability.facts import Facts, read_facts
from email_assets.deliverability.figures import percent, total
from email_assets.deliverability.report import DAY_BY_DAY, report_of
from email_assets.deliverability.selection import derived_assets
from email_assets.errors import EmailAssetsError
from email_assets.settings.alerting import alerting_as_set_now
from email_assets.vendors.resource import REPORT

JOB_OF_REPORT = "email_weekly_report"
WEEKLY = "0 7 * * 1"
SECONDS = 30
"""The longest that a channel may take."""


def has_report(account: Account) -> bool:
    """True if there is a report of the account's mail."""
    return bool(derived_assets(account, account.resources))


def build_report_job(account: Account, clock: Callable[[], datetime] = now) -> dg.JobDefinition:
    """A job that sends the report of an account, as a page in a mail and as text elsewhere.

    Args:
        account: Whose mail.
        clock: The time now, in UTC; tests inject theirs.
    """

    @dg.op(name=op_of(account, "send_report"))
    def send_report(context: dg.OpExecutionContext) -> None:
        try:
            alerting = alerting_as_set_now()
            facts = read_facts(
                account.as_set_now(), clock().date(), who=REPORT, say=recording.info(context)
            )
        except EmailAssetsError as error:
            raise dg.Failure(str(error)) from None
        url, _ = dagster_url(alerting)
        message = _message(account, facts, f"{url}/assets/{account.title_of(REPORT)}")
        found, problems = channels(alerting), list[str]()
        for channel in found:
            if isinstance(channel, InvalidChannel):
                problems.append(channel.problem)
                continue
            try:
                receipt = channel.send(message, SECONDS)
            except DeliveryError as error:
                problems.append(str(error))
                continue
            recording.info(context)(f"The {channel.name} took the report.")
            if receipt.remark:
                recording.warning(context)(receipt.remark)
        if not found:
            problems.append(NO_CHANNEL)
        if problems:
            raise dg.Failure(" ".join(problems))

    @dg.job(
        name=account.named(JOB_OF_REPORT),
        description="Sends the report of deliverability to the webhook and the mail addresses of "
        "[alerts].",
    )
    def email_weekly_report() -> None:
        send_report()

    return email_weekly_report


def _message(account: Account, facts: Facts, link: str) -> Message:
    """The report as a message: its figures and what to do as text, all of it as a page."""
    blocks, found = report_of(facts), total(facts.of_days)
    whose = f" of {account.name}" if account.name else ""
    rates = f"{percent(found.bounce_rate)} bounced" if found.sent else "nothing was sent"
    if found.sent and facts.tells_of_complaints:
        rates += f", {percent(found.complaint_rate)} called spam"
    days = f"in {facts.settings.report_days} days"
    first = takewhile(lambda block: block != DAY_BY_DAY, blocks)
    return Message(
        id=digest_of(JOB_OF_REPORT, account.name or "", str(facts.today)),
        subject=fitting(
            INFO, [f"mail{whose} {days}: {rates}", f"mail{whose}: {rates}", f"mail: {rates}"]
        ),
        text=f"{as_text(first)}\n\n{link}",
        page=as_html(f"Delivery of mail{whose}, {facts.today}", blocks),
    )
