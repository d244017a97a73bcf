"""Keeps keys and customers' addresses out of everything that people read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_ADDRESS = re.compile(r"[^\s\"'<>@,;:]+(?:@|%40)[^\s\"'<>@,;:]+", re.IGNORECASE)
_QUERY = re.compile(r"\?[^\s\"']*")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secrets, as they stand or percent-encoded, and without addresses."""
    for secret in secrets:
        # the longest form first, so that none leaves a part of another behind
        for form in sorted({secret, quote(secret, safe=""), quote_plus(secret)}, key=len)[::-1]:
            text = re.sub(re.escape(form), "…", text, flags=re.IGNORECASE)
    return _ADDRESS.sub("…", text)


class _WithoutQuery(logging.Filter):
    """Cuts the query off every URL in a log record: urllib3 logs the one that carries the key."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("", record.getMessage()), None
        return True


def keep_queries_out_of_logs() -> None:
    """Let urllib3 log requests without their query strings. Calling it again changes nothing."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(present, _WithoutQuery) for present in logger.filters):
        logger.addFilter(_WithoutQuery())
