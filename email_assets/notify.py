"""`python -m email_assets.notify`: sends each channel of the settings a test message."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from secrets import token_hex

from email_assets.alerts.channels import DeliveryError, Message, Webhook
from email_assets.alerts.configured import NO_CHANNEL, InvalidChannel, channels, dagster_url
from email_assets.alerts.mail import Mail
from email_assets.alerts.wording import INFO, fitting
from email_assets.errors import EmailAssetsError
from email_assets.redaction import redact_line
from email_assets.sentences import in_one_sentence
from email_assets.settings.alerting import alerting_as_set_now

TEST_SECONDS = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Send a test message, print who took it, and return the exit status."""
    argparse.ArgumentParser(
        prog="python -m email_assets.notify",
        description="Sends a test message to each channel of [alerts].",
    ).parse_args(arguments)
    try:
        with in_one_sentence("notify"):
            return _notify()
    except EmailAssetsError as error:
        print(error)
        return 1


def _notify() -> int:
    alerting = alerting_as_set_now()
    url, problem_of_url = dagster_url(alerting)
    message = Message(
        token_hex(8),
        fitting(INFO, ["a test of the alerts"]),
        f"This is a test of the alerts. {url}",
    )
    found, failed = channels(alerting), bool(problem_of_url)
    for channel in found:
        problem = _problem_of(channel, message)
        failed = failed or bool(problem)
        print(redact_line(f"{channel.name}: {problem or 'took the test message.'}"))
    if problem_of_url:
        print(redact_line(f"links: {problem_of_url}"))
    if not found:
        print(NO_CHANNEL)
    return 1 if failed or not found else 0


def _problem_of(channel: Webhook | Mail | InvalidChannel, message: Message) -> str | None:
    """The reason why a channel, or a recipient of it, did not take a message."""
    if isinstance(channel, InvalidChannel):
        return channel.problem
    try:
        return channel.send(message, TEST_SECONDS).remark
    except DeliveryError as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main())
