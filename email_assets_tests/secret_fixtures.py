"""A search for the API key in all that was written."""

from __future__ import annotations

import logging
import os
import shutil
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import dagster as dg
import pytest
import requests

from email_assets_tests.conftest import KEY

SPELLINGS = sorted(
    {
        KEY,
        KEY.partition("/")[0],  # whatever else is done to the key, this part stays as it is
        KEY.replace("/", r"\/"),
        quote(KEY),
        quote(KEY, safe=""),
        quote_plus(KEY),
        quote_plus(quote_plus(KEY)),
    }
)
ELSEWHERE = "http://127.0.0.1:9/v1/bounces"
"""An address at which nobody listens."""


def holds_the_key(written: bytes | str) -> bool:
    """True if the key stands in what was written, in any spelling, in small letters or capitals."""
    text = (written.encode("utf-8", "replace") if isinstance(written, str) else written).lower()
    return any(spelling.lower().encode() in text for spelling in SPELLINGS)


def leaks_below(folder: Path) -> list[str]:
    """The files of a folder that hold the key."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if holds_the_key(path.read_bytes())]


def leaks_of(error: BaseException) -> list[str]:
    """The exceptions that hold the key, of an error and all that it is chained to or made of."""
    leaks: list[str] = []
    seen, waiting = set[int](), list[Any]([error])
    if holds_the_key("".join(traceback.format_exception(error))):
        leaks.append("the traceback")
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        if holds_the_key(f"{part!s} {part!r}"):
            leaks.append(type(part).__name__)
        if isinstance(part, BaseException):
            waiting += [part.__cause__, part.__context__, *part.args, *vars(part).values()]
        elif isinstance(part, (requests.PreparedRequest, requests.Response)):
            waiting += vars(part).values()
    return leaks


def history_in(instance: dg.DagsterInstance) -> str:
    """All that an instance in memory has stored of runs and events, as SQL."""
    runs: Any = instance.run_storage
    events: Any = instance.event_log_storage
    dump: list[str] = []
    for connect in (runs.connect, events.index_connection):
        with connect() as connection:
            dump += connection.connection.driver_connection.iterdump()
    return "\n".join(dump)


@dataclass
class Watch:
    """Looks for the key in all that a run writes, also in files that it removes again."""

    folder: Path
    caplog: pytest.LogCaptureFixture
    capfd: pytest.CaptureFixture[str]
    seen: list[str] = field(default_factory=list)

    def removes(self, remove: Callable[..., Any]) -> Callable[..., Any]:
        """The function, which looks at what it removes first."""

        def look_first(path: Any, *args: Any, **kw: Any) -> Any:
            gone = Path(path) if isinstance(path, (str, os.PathLike)) else self.folder
            if gone.is_file() and holds_the_key(gone.read_bytes()):
                self.seen.append(str(gone))
            self.seen.extend(leaks_below(gone))
            return remove(path, *args, **kw)

        return look_first

    def leaks(self, *errors: BaseException, history: dg.DagsterInstance | None = None) -> list[str]:
        """The places in which the key was found, the history of an instance in memory included."""
        output = self.capfd.readouterr()
        told = {"stdout": output.out, "stderr": output.err, "the log": self.caplog.text}
        told |= {"the history": history_in(history)} if history else {}
        return [
            *self.seen,
            *leaks_below(self.folder),
            *(name for name, text in told.items() if holds_the_key(text)),
            *(leak for error in errors for leak in leaks_of(error)),
        ]


@pytest.fixture
def watch(
    tmp_path: Path,
    warehouse: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Watch:
    """Watches the test's folder, where DAGSTER_HOME, the warehouse and TMPDIR are, and the logs."""
    caplog.set_level(logging.DEBUG)
    watch = Watch(tmp_path, caplog, capfd)
    for module, name in ((shutil, "rmtree"), (os, "remove"), (os, "unlink")):
        monkeypatch.setattr(module, name, watch.removes(getattr(module, name)))
    return watch
