"""Keeps keys and rows out of what dlt and urllib3 log."""

from __future__ import annotations

import logging
import re

from email_assets.redaction import redact

DLT_QUOTES_ROWS = ("load", "job_client_impl")
"""The modules of dlt whose warnings quote errors of the warehouse."""
_UNSAID = re.compile(r"\?[^\s\"']*|, unparsed data: .*", re.DOTALL)
_LOGGERS = ("connection", "connectionpool", "poolmanager", "response", "util.retry")


class _WithoutQuery(logging.Filter):
    """Cuts the query off every URL in a log record: urllib3 logs the one that carries the key.

    The part of an answer that it quotes when it cannot read it goes too.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(_UNSAID.sub("", record.getMessage())), None
        record.exc_info = record.exc_text = None
        return True


class _WithoutRows(logging.Filter):
    """Drops what dlt logs of errors: the texts quote rows, and our own sentence follows.

    A warning that quotes an error is one, too.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR or record.exc_info or record.module in DLT_QUOTES_ROWS:
            return False
        record.msg, record.args = redact(record.getMessage()), None
        return True


def keep_queries_out_of_logs() -> None:
    """Let urllib3 log requests without their query strings. Calling it again changes nothing."""
    # a filter acts on the logger itself, not on those below it
    for name in _LOGGERS:
        _add_once(logging.getLogger(f"urllib3.{name}"), _WithoutQuery())


def keep_rows_out_of_logs() -> None:
    """Let dlt log nothing that quotes a row. Calling it again changes nothing."""
    _add_once(logging.getLogger("dlt"), _WithoutRows())


def _add_once(logger: logging.Logger, filter_: logging.Filter) -> None:
    if not any(isinstance(present, type(filter_)) for present in logger.filters):
        logger.addFilter(filter_)
