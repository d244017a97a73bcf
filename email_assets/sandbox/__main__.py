"""The sandbox from the command line: `python -m email_assets.sandbox`."""

from __future__ import annotations

import argparse
import inspect
import ipaddress
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar, get_args, get_origin
from urllib.parse import quote

from email_assets.sandbox.data import RESOURCES
from email_assets.sandbox.faults import Fault
from email_assets.sandbox.kinds import KINDS
from email_assets.sandbox.server import Sandbox
from email_assets.sandbox.serving import SandboxError

Number = TypeVar("Number", int, float)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sandbox until Ctrl-C or SIGTERM.

    Args:
        arguments: The command line without the program's name; this process's by default.

    Returns:
        The exit status: 0 after a normal end, 1 if the sandbox cannot start.
    """
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sandbox = Sandbox(
        messages=options.messages,
        seed=options.seed,
        api_key=options.api_key,
        rate=options.rate,
        host=options.host,
        port=options.port,
        latency=options.latency,
    )
    faults: dict[str, list[Fault]] = {}
    for resource, fault in options.fault:
        faults.setdefault(resource, []).append(fault)
    for resource, several in faults.items():
        sandbox.set_faults(resource, *several)
    try:
        sandbox.start()
    except SandboxError as error:
        print(error, file=sys.stderr)
        return 1
    _greet(sandbox, options.host)
    while not stop.wait(1):  # in turns, as Windows wakes no endless wait on Ctrl-C
        pass
    sandbox.stop()
    return 0


def _greet(sandbox: Sandbox, host: str) -> None:
    if not _is_loopback(host):
        print(f"Warning: {host} can be reached from other computers.", file=sys.stderr)
    url = f"{sandbox.base_url}/v1/{RESOURCES[0]}?api_key={quote(sandbox.api_key)}&limit=3"
    print(f"The email sandbox listens on {sandbox.base_url}, its key is {sandbox.api_key!r}.")
    print(f"Try:  curl '{url}'")
    print("Ctrl-C ends it.", flush=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m email_assets.sandbox",
        description="A local email service with believable rows, to try the project on.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", default=8025, type=_port, help="port; 0 takes a free one (default: %(default)s)")
    add(
        "--messages",
        default=5000,
        type=_at_least_zero(int),
        metavar="N",
        help="messages at the start, over the 30 days before (default: %(default)s)",
    )
    add(
        "--rate",
        default=6.0,
        type=_at_least_zero(float),
        metavar="N",
        help="messages that arrive in a minute (default: %(default)g)",
    )
    add(
        "--latency",
        default=0.0,
        type=_at_least_zero(float),
        metavar="SECONDS",
        help="time that every answer takes (default: %(default)g)",
    )
    add("--seed", default=1, type=int, metavar="N", help="which rows there are (default: 1)")
    add("--api-key", default="sandbox", metavar="KEY", help="the key (default: %(default)s)")
    add(
        "--fault",
        default=[],
        type=_fault,
        action="append",
        metavar="RESOURCE:KIND[:OPTION=VALUE,...]",
        help="a trouble that a resource has, see below; may be given several times",
    )
    return parser


def _epilog() -> str:
    paragraphs = [f"resources: {', '.join(RESOURCES)}\n", "kinds of faults and their options:"]
    for name, kind in KINDS.items():
        usage = ", ".join(_usage(option) for option in kind.options.values())
        paragraphs.append(f"  {name}{f': {usage}' if usage else ''}")
        paragraphs.append(textwrap.indent(textwrap.fill(kind.summary, 84), "      "))
    paragraphs.append(
        "\nEvery kind also has times=N, to strike N requests only, and after=N, to let N pass "
        "first.\nExample: --fault bounces:status:status=503,retry_after=1,times=2\n\n"
        "while it runs (each needs ?api_key=KEY):\n"
        "  GET  /sandbox/stats               requests per resource, most in flight at once\n"
        '  PUT  /sandbox/faults/RESOURCE     [{"kind": "html", "times": 1}]; [] clears\n'
        '  POST /sandbox/rows/RESOURCE       {"insert_head": 3} or {"delete_head": 3}'
    )
    return "\n".join(paragraphs)


def _usage(option: inspect.Parameter) -> str:
    wanted = option.annotation
    if get_origin(wanted) is Literal:
        choices = "|".join(get_args(wanted))
        return f"{option.name}={choices}"
    if option.default is option.empty:
        return f"{option.name}=... (needed)"
    if option.default is None:
        return f"{option.name}=..."
    return f"{option.name}={str(option.default).lower()}"


def _fault(text: str) -> tuple[str, Fault]:
    try:
        return Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a whole number from 0 to 65535.")


def _at_least_zero(number: Callable[[str], Number]) -> Callable[[str], Number]:
    def convert(text: str) -> Number:
        try:
            value = number(text)
        except ValueError:
            value = number("-1")
        if not 0 <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0.")
        return value

    return convert


if __name__ == "__main__":
    sys.exit(main())
