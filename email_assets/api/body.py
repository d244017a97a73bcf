"""Reads the body of an answer, within a time and a size."""

from __future__ import annotations

import time

import urllib3

from email_assets.api.deadline import SOCKET, Deadlines

CHUNK = 1 << 16


class TooLargeError(Exception):
    """A body has more bytes than are allowed."""


def read_body(
    raw: urllib3.BaseHTTPResponse, deadlines: Deadlines, deadline: float, most: int
) -> bytes:
    """A body, decompressed as it comes.

    Args:
        raw: The answer whose body is to be read.
        deadlines: Cuts off a connection from which nothing comes any more.
        deadline: When `time.monotonic` says so, reading ends, and what came is no body.
        most: Bytes of it at the most, decompressed.

    Raises:
        TooLargeError: It has more.
        TimeoutError: It did not end in time.
    """
    chunks, size = [], 0
    with deadlines.limit(getattr(raw, SOCKET, None), deadline - time.monotonic()):
        while chunk := raw.read1(CHUNK, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise TooLargeError
            if time.monotonic() >= deadline:
                raise TimeoutError
    return b"".join(chunks)
