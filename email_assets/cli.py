"""`email-assets`: the commands of this package, wherever it is installed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

QUICKSTART = "quickstart.__main__"
COMMANDS = {
    "run": (QUICKSTART, "load the assets, from your API if it is configured, else a sandbox"),
    "ui": (QUICKSTART, "open Dagster's UI"),
    "check": ("check", "ask your API for one page of each resource, and load nothing"),
    "forget": ("privacy.forget", "delete a person from all tables, and keep them away"),
    "report": ("quickstart.report", "show how mail is delivered, or write it as a page (--html)"),
    "dbt-sources": ("quickstart.dbt_sources", "write the tables as sources of a dbt project"),
    "sandbox": ("sandbox.__main__", "serve the local email API"),
    "vendor": ("openapi.__main__", "write a first vendor file from an OpenAPI document"),
    "notify": ("notify", "send each channel of the alerts a test message"),
}
"""The module of each command, whose `main` takes the rest of the line, and what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit status."""
    parser = argparse.ArgumentParser(prog="email-assets", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, (_, description) in COMMANDS.items():
        commands.add_parser(name, help=description, add_help=False)
    command, rest = parser.parse_known_args(arguments)
    module, _ = COMMANDS[command.command]
    # only now: each takes seconds to import
    run = import_module(f"email_assets.{module}").main
    try:
        status: int = run([command.command, *rest] if module == QUICKSTART else rest)
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads has enough, such as `head`; what Python still has must go somewhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
