"""Keeps keys and customers' addresses out of everything that people read."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

LONG_ENOUGH = 12

_WORD = re.compile(r"[^\s\"'<>,;:]+")
_ADDRESS = re.compile(r".(?:@|%(?:25)*40).", re.IGNORECASE)
_UNSAID = re.compile(r"\?[^\s\"']*|, unparsed data: .*", re.DOTALL)
_LOGGERS = ("connection", "connectionpool", "poolmanager", "response", "util.retry")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secrets, however they are spelled, and without addresses."""
    for secret in filter(None, secrets):
        text = re.sub("".join(map(_spellings, secret)), "…", text, flags=re.IGNORECASE)
    # word by word: a pattern of a whole address takes minutes on a long body without any
    return _WORD.sub(lambda word: "…" if _ADDRESS.search(word[0]) else word[0], text)


def without_secrets(body: bytes, secrets: Iterable[str]) -> bytes:
    """A body of JSON without the secrets, should an API repeat them in its rows.

    Only secrets that are too long to occur by chance are looked for.
    """
    for secret in secrets:
        if len(secret) >= LONG_ENOUGH:
            spelled = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
            for spelling in sorted(spelled, key=len, reverse=True):
                body = body.replace(spelling.encode(), "…".encode())
    return body


def _spellings(char: str) -> str:
    """A pattern for a character as it stands, in a URL (encoded once or more), or in JSON."""
    in_url = "".join(f"%(?:25)*{byte:02x}" for byte in char.encode("utf-8", "replace"))
    in_json = rf"u{ord(char):04x}"
    blank = r"|\+|%(?:25)*2b" if char == " " else ""
    return rf"\\?(?:{re.escape(char)}|{in_url}|{in_json}{blank})"


class _WithoutQuery(logging.Filter):
    """Cuts the query off every URL in a log record: urllib3 logs the one that carries the key.

    The part of an answer that it quotes when it cannot read it goes too.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _UNSAID.sub("", record.getMessage()), None
        record.exc_info = record.exc_text = None
        return True


def keep_queries_out_of_logs() -> None:
    """Let urllib3 log requests without their query strings. Calling it again changes nothing."""
    # a filter acts on the logger itself, not on those below it
    for name in _LOGGERS:
        logger = logging.getLogger(f"urllib3.{name}")
        if not any(isinstance(present, _WithoutQuery) for present in logger.filters):
            logger.addFilter(_WithoutQuery())
