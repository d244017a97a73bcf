"""`email-assets report`: how mail is delivered, in a terminal or as a page."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from email_assets.account import Account
from email_assets.account.every import configured_accounts
from email_assets.clock import now
from email_assets.deliverability.blocks import Block, Heading, Text, as_html, as_text
from email_assets.deliverability.facts import read_facts
from email_assets.deliverability.report import report_of
from email_assets.deliverability.selection import derived_assets
from email_assets.errors import EmailAssetsError, WarehouseError
from email_assets.quickstart.api import chosen_api
from email_assets.quickstart.folders import choose_folders, environment_of

FILE = "deliverability.html"


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the report of every account, and return the exit status: 1 if there is none of one."""
    parser = argparse.ArgumentParser(prog="email-assets report", description=__doc__)
    parser.add_argument(
        "--html",
        nargs="?",
        const=FILE,
        metavar="FILE",
        help=f"write a page that needs nothing from outside (default: {FILE})",
    )
    options = parser.parse_args(arguments)
    try:
        choose_folders()
        with chosen_api() as api:
            os.environ.update(environment_of(api))
            accounts = configured_accounts()
        return _report(accounts, options.html)
    except EmailAssetsError as error:
        print(error, file=sys.stderr)
        return 1


def _report(accounts: Sequence[Account], file: str | None) -> int:
    blocks, failed = list[Block](), False
    for account in accounts:
        if account.name:
            blocks.append(Heading(account.name))
        try:
            blocks += _of_account(account)
        except EmailAssetsError as error:
            failed = True
            if file is None:
                blocks.append(Text(str(error)))
            else:
                print(error, file=sys.stderr)
    if file is None:
        print(as_text(blocks))
    elif not failed or len(accounts) > 1:
        _write(Path(file), as_html(f"Delivery of mail, {now():%Y-%m-%d}", blocks))
    return 1 if failed else 0


def _of_account(account: Account) -> Iterator[Block]:
    """The report of an account.

    Raises:
        EmailAssetsError: It cannot be made.
    """
    if account.problem:
        raise account.problem
    if not derived_assets(account, account.resources):
        yield Text("Its vendor's file or its warehouse has nothing to make a report of.")
        return
    yield from report_of(read_facts(account, now().date(), who="report", say=_say))


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise WarehouseError(f"report: {file} cannot be written ({error.strerror}).") from None
    print(f"Written: {file.resolve()}")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
