"""`python -m email_assets.notify`: sends each channel of the settings a test message."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from secrets import token_hex

from email_assets.alerts.channels import DeliveryError, Message
from email_assets.alerts.configured import NO_CHANNEL, InvalidChannel, channels, dagster_url
from email_assets.alerts.wording import INFO, fitting

TEST_SECONDS = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Send a test message, print who took it, and return the exit status."""
    argparse.ArgumentParser(
        prog="python -m email_assets.notify",
        description="Sends a test message to each channel of [alerts].",
    ).parse_args(arguments)
    url, problem_of_url = dagster_url()
    text, found, failed = f"This is a test of the alerts. {url}", channels(), bool(problem_of_url)
    for channel in found:
        problem: str | None
        if isinstance(channel, InvalidChannel):
            failed, problem = True, channel.problem
        else:
            try:
                message = Message(token_hex(8), fitting(INFO, ["a test of the alerts"]), text)
                problem = channel.send(message, TEST_SECONDS).remark
            except DeliveryError as error:
                failed, problem = True, str(error)
        print(f"{channel.name}: {problem or 'took the test message.'}")
    if problem_of_url:
        print(f"links: {problem_of_url}")
    if not found:
        print(NO_CHANNEL)
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
