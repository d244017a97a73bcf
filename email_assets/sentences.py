"""Decides what a person is told of an error, whatever failed and wherever it was noticed."""

from __future__ import annotations

import errno
import getpass
import re
import shutil
import sys
import tempfile
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from dlt.common.configuration.exceptions import ConfigFieldMissingException, LookupTraces
from dlt.common.exceptions import (
    DltException,
    MissingDependencyException,
    SignalReceivedException,
)
from dlt.pipeline.exceptions import PipelineStepFailed

from email_assets.database_errors import (
    is_database_error,
    locked_out,
    server_at_fault,
    where_credentials_are,
)
from email_assets.errors import EmailAssetsError, SyncError, WarehouseError, causes
from email_assets.redaction import redact

UNTOUCHED = "What was loaded before is untouched."
ALMOST_FULL = 1 << 20
"""Bytes that are free on a disk that is as good as full."""

_DISK_FULL = re.compile(
    r"no space left on device|disk is full|disk quota exceeded|max_temp_directory_size", re.I
)
_NOT_ALLOWED = re.compile(r"permission denied|read-only file system|operation not permitted", re.I)
_NO_MEMORY = re.compile(r"out of memory|cannot allocate memory", re.I)
_PATH = re.compile(r"(?<!File )[\"'](/[^\"']+)[\"']")
"""A quoted path, but for those of the lines of code in a traceback, which dlt makes a text of."""
_TABLE_OF_DLT = re.compile(r"_dlt_(?:pipeline_state|version|loads)\b")
_INTERRUPTS = frozenset({"DagsterExecutionInterruptedError", "KeyboardInterrupt"})
"""Names of errors by which a step is stopped, of which Dagster writes down the name alone."""
UNREADABLE = (ValueError, KeyError, TypeError, EOFError, zlib.error)
"""Errors of text that should be a schema or a state of dlt's."""
_VALUE = re.compile(r"'(?!/)[^']*'|\"(?![\w./\\~:-]*\")[^\"]*\"")
"""Quoted parts of errors, but for names and paths: values of rows, perhaps."""


@contextmanager
def in_one_sentence(who: str) -> Iterator[None]:
    """Let whatever fails inside come out as one sentence, and nothing else.

    Args:
        who: The resource or asset that fails, with which the sentence begins.

    Raises:
        EmailAssetsError: Something failed. Its causes are gone: their texts quote rows.
    """
    try:
        yield
        return
    except Exception as error:
        problem = sentence_of(who, error)
    try:
        raise problem
    finally:
        # out of a `with` comes what went wrong in it too
        problem.__cause__ = problem.__context__ = None


def sentence_of(who: str, error: BaseException) -> EmailAssetsError:
    """The error that a person is told, with nothing chained to it.

    A sentence of our own that is several causes deep in an error of dlt's comes out as it is.
    """
    found = causes(error)
    for cause in found:
        if isinstance(cause, EmailAssetsError):
            return cause
    for describe in _KNOWN:
        for cause in found:
            if told := describe(cause):
                return WarehouseError(f"{who}: {told}")
    if isinstance(error, PipelineStepFailed):
        return SyncError(
            f"{who}: dlt's {error.step} step failed with {problem_of(error)}. {UNTOUCHED}"
        )
    of_warehouse = (DltException, duckdb.Error, OSError)
    if any(isinstance(cause, of_warehouse) or is_database_error(cause) for cause in found):
        return WarehouseError(
            f"{who}: the warehouse cannot be used: {problem_of(error)}. Correct [warehouse] and "
            "[destination] in .dlt/config.toml, or the environment."
        )
    # the places alone: the text of an error, and of what led to it, may quote a row
    places = [at for cause in found for at in traceback.extract_tb(cause.__traceback__)]
    sys.stderr.write("".join(traceback.format_list(places)))
    return SyncError(
        f"{who}: stopped by {problem_of(error)}. Nothing is known of this error: please report it "
        f"with the lines of the run's stderr that say where it happened. {UNTOUCHED}"
    )


def problem_of(error: BaseException) -> str:
    """The root of an error's causes, in one line without values of rows."""
    cause = causes(error)[-1]
    first_line = str(cause).strip().partition("\n")[0]
    return f"{type(cause).__name__}: {redact(_VALUE.sub('…', first_line).rstrip('.!'))}"


def _told_to_stop(cause: BaseException) -> str | None:
    if isinstance(cause, SignalReceivedException):
        by = f" (signal {cause.signal_code})"
    elif type(cause).__name__ in _INTERRUPTS:
        by = ""
    else:
        return None
    return f"the run was told to stop{by}. Run again. {UNTOUCHED}"


def _full_disk(cause: BaseException) -> str | None:
    is_full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
    if not is_full and not _DISK_FULL.search(str(cause)):
        return None
    temporary = tempfile.gettempdir()
    place = _place_in(cause)
    if place is None and shutil.disk_usage(temporary).free < ALMOST_FULL:
        place = temporary
    disk = f"the disk of {place}" if place else "a disk"
    return f"{disk} is full. Free some of it and run again. {UNTOUCHED}"


def _not_allowed(cause: BaseException) -> str | None:
    is_refused = isinstance(cause, OSError) and cause.errno in (
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
    )
    place = _place_in(cause)
    if place is None or not (is_refused or _NOT_ALLOWED.search(str(cause))):
        return None
    return (
        f"{getpass.getuser()} may not write to {place}. Give that user the right, or name another "
        "place in DESTINATION__DUCKDB__CREDENTIALS (the warehouse) or TMPDIR (working files)."
    )


def _no_memory(cause: BaseException) -> str | None:
    is_out = isinstance(cause, (MemoryError, duckdb.OutOfMemoryException))
    if not is_out and not (isinstance(cause, OSError) and _NO_MEMORY.search(str(cause))):
        return None
    return (
        "there was not enough memory. Give the process more, run fewer syncs at once, or set "
        f"memory_limit of DuckDB lower than what there is. {UNTOUCHED}"
    )


def _missing_package(cause: BaseException) -> str | None:
    if isinstance(cause, MissingDependencyException):
        packages = " ".join(cause.dependencies)
    elif isinstance(cause, ModuleNotFoundError) and cause.name:
        packages = cause.name
    else:
        return None
    return (
        f"the Python package {packages} is needed and not installed. Run "
        f'.venv/bin/python -m pip install "{packages}".'
    )


def _missing_setting(cause: BaseException) -> str | None:
    if not isinstance(cause, ConfigFieldMissingException):
        return None
    variables = [name for name in _looked_up(cause.traces) if name.startswith("DESTINATION__")]
    return (
        f"the warehouse cannot be used: {', '.join(cause.fields)} of [destination] is not set. "
        f"Set {max(variables, key=len, default='it')}, or the same in .dlt/secrets.toml."
    )


def _server(cause: BaseException) -> str | None:
    problem = server_at_fault(cause)
    if problem is None:
        return None
    return f"{problem}: {problem_of(cause)}. Correct {where_credentials_are()}. {UNTOUCHED}"


def _tables_of_dlt(cause: BaseException) -> str | None:
    names = _TABLE_OF_DLT.findall(str(cause)) if isinstance(cause, duckdb.Error) else []
    in_sync = isinstance(cause, PipelineStepFailed) and cause.step == "sync"
    if not names and not (in_sync and isinstance(causes(cause)[-1], UNREADABLE)):
        return None
    tables = " and ".join(dict.fromkeys(names)) or "_dlt_pipeline_state and _dlt_version"
    return (
        f"{tables}, in which dlt keeps where it left off, cannot be read "
        f"({problem_of(cause)}). Drop what is broken in them and run again with full_refresh: dlt "
        "makes them anew, and the tables of the resources stay."
    )


_KNOWN: tuple[Callable[[BaseException], str | None], ...] = (
    _told_to_stop,
    _full_disk,
    _not_allowed,
    _no_memory,
    _missing_package,
    _missing_setting,
    locked_out,
    _server,
    _tables_of_dlt,
)
"""Sentences for troubles of the machine or the settings, the more telling first."""


def _looked_up(traces: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """The names under which dlt looked for fields, those of their parts included."""
    for found in traces.values():
        for trace in found:
            if isinstance(trace, LookupTraces):
                yield from _looked_up(trace.traces)
            else:
                yield trace.key


def _place_in(cause: BaseException) -> str | None:
    """The folder that an error names; of working files, which come and go, that of all of them."""
    named = getattr(cause, "filename", None)
    if not isinstance(named, str):
        found = _PATH.search(str(cause))
        named = found[1] if found else None
    if named is None:
        return None
    temporary = tempfile.gettempdir()
    return temporary if Path(named).is_relative_to(temporary) else str(Path(named).parent)
