"""`make run` and `make ui`: the platform on your API, or on the sandbox while there is none."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from email_assets.errors import EmailAssetsError
from email_assets.quickstart.api import MESSAGES_A_MINUTE, chosen_api
from email_assets.quickstart.ending import STOPPING
from email_assets.quickstart.folders import choose_folders, folder_of_sandbox, refuse_full_disks
from email_assets.quickstart.load import load
from email_assets.quickstart.ui import open_ui, refuse_taken_port
from email_assets.sentences import UNTOUCHED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m email_assets.quickstart", description=__doc__)
    parser.add_argument("command", choices=["run", "ui"], help="load the assets, or open the UI")
    parser.add_argument("--port", type=int, default=3000, help="the UI's port (default: 3000)")
    options = parser.parse_args(arguments)
    # a shell that starts make in the background lets its children ignore SIGINT
    for name in STOPPING:
        with suppress(AttributeError):  # no SIGHUP on Windows
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        return _command(options)
    except EmailAssetsError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"Stopped. {UNTOUCHED}", file=sys.stderr)
        return 130


def _command(options: argparse.Namespace) -> int:
    if options.command == "ui":
        refuse_taken_port(options.port)
    place = choose_folders()
    refuse_full_disks()
    # new messages arrive while somebody watches, so that a second sync finds something
    rate = MESSAGES_A_MINUTE if options.command == "ui" else 0.0
    with chosen_api(rate) as api:
        files = (
            f"Its files go to {folder_of_sandbox()}."
            if api.is_sandbox
            else f"Files without a setting of their own go to {place}."
        )
        print(f"{api.description}\n{files}", flush=True)
        return load(api) if options.command == "run" else open_ui(api, options.port)


if __name__ == "__main__":
    sys.exit(main())
