"""Time limits for what comes over a connection, and what closing them does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest

from email_assets.api.deadline import Deadlines

PATIENCE = 60.0
"""Seconds after which a test fails that would hang."""


class Connection(SimpleNamespace):
    """A connection for a request: one end of a pair of sockets. The other end is `there`."""

    sock: socket.socket
    there: socket.socket

    def receive(self) -> bytes:
        """The bytes that come next, or none where the connection was cut off."""
        return self.sock.recv(100)


@pytest.fixture
def connections() -> Iterator[list[Connection]]:
    """Three connections over which nothing comes by itself."""
    with ExitStack() as after:
        found = []
        for _ in range(3):
            here, there = (after.enter_context(end) for end in socket.socketpair())
            here.settimeout(PATIENCE)
            found.append(Connection(sock=here, there=there))
        yield found


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    found = Deadlines()
    yield found
    found.close()


@pytest.fixture
def at() -> list[float]:
    """The time now, in seconds."""
    return [0.0]


@pytest.fixture
def timed(at: list[float]) -> Iterator[Deadlines]:
    """Deadlines by that time."""
    found = Deadlines(lambda: at[0])
    yield found
    found.close()


def watchers() -> int:
    return sum("_watch" in thread.name for thread in threading.enumerate())


def test_a_connection_is_cut_off_when_its_time_is_over(
    deadlines: Deadlines, connections: list[Connection]
) -> None:
    with deadlines.limit(connections[0].sock, 0.01):
        assert connections[0].receive() == b""


@pytest.mark.parametrize("seconds", [0, -1.0])
def test_a_time_that_is_over_already_is_over(
    deadlines: Deadlines, connections: list[Connection], seconds: float
) -> None:
    with deadlines.limit(connections[0].sock, seconds):
        assert connections[0].receive() == b""


def test_what_comes_bit_by_bit_is_cut_off_too(
    deadlines: Deadlines, connections: list[Connection]
) -> None:
    (connection, *_) = connections
    connection.there.sendall(b"a bit")
    with deadlines.limit(connection.sock, 0.05), suppress(BrokenPipeError):
        while connection.receive():
            connection.there.sendall(b"a bit")
    assert connection.receive() == b""


def test_a_connection_that_was_in_time_stays(
    timed: Deadlines, at: list[float], connections: list[Connection]
) -> None:
    in_time, late, _ = connections
    with timed.limit(in_time.sock, 60):
        pass
    at[0] = 61
    with timed.limit(late.sock, -60):  # so that the watcher looks at once
        assert late.receive() == b"", "the other one's time is over, too"
    in_time.there.sendall(b"still here")
    assert in_time.receive() == b"still here"


def test_a_short_limit_that_is_set_after_a_long_one_is_kept(
    deadlines: Deadlines, connections: list[Connection]
) -> None:
    long, short, _ = connections
    with deadlines.limit(long.sock, 60):
        for _ in range(2):  # the second time, the watcher is sure to wait for the long one
            here, there = socket.socketpair()
            here.settimeout(PATIENCE)
            with here, there, deadlines.limit(here, 0.01):
                assert here.recv(1) == b""
        with deadlines.limit(short.sock, 0.01):
            assert short.receive() == b""
        long.there.sendall(b"still here")
        assert long.receive() == b"still here"


def test_an_error_of_the_reader_ends_the_limit(
    timed: Deadlines, at: list[float], connections: list[Connection]
) -> None:
    failed, late, _ = connections
    with pytest.raises(ZeroDivisionError), timed.limit(failed.sock, 60):
        raise ZeroDivisionError
    at[0] = 61
    with timed.limit(late.sock, -60):  # so that the watcher looks at once
        assert late.receive() == b""
    failed.there.sendall(b"still here")
    assert failed.receive() == b"still here"


def test_what_is_not_connected_needs_no_limit(deadlines: Deadlines) -> None:
    before = watchers()
    with deadlines.limit(None, 1):
        assert watchers() == before


def test_without_a_limit_nothing_is_watched(
    deadlines: Deadlines, connections: list[Connection]
) -> None:
    before = watchers()
    with deadlines.limit(connections[0].sock, None):
        assert watchers() == before


def test_a_connection_that_was_closed_meanwhile_is_let_be(
    deadlines: Deadlines, connections: list[Connection]
) -> None:
    gone, late, _ = connections
    with deadlines.limit(gone.sock, 0.01):
        gone.sock.close()
        with deadlines.limit(late.sock, 0.02):
            assert late.receive() == b"", "the watcher goes on"


def test_one_thread_watches_all_connections_and_ends_with_closing(
    connections: list[Connection],
) -> None:
    before = watchers()
    deadlines = Deadlines()
    with ExitStack() as limits:
        for connection in connections:
            limits.enter_context(deadlines.limit(connection.sock, 60))
        assert watchers() == before + 1
        deadlines.close()
        assert watchers() == before


def test_closing_cuts_off_whatever_is_being_read(connections: list[Connection]) -> None:
    deadlines, limited = Deadlines(), threading.Barrier(len(connections) + 1)
    received: list[bytes] = []

    def wait_for_more(connection: Connection) -> None:
        with deadlines.limit(connection.sock, 60):
            limited.wait(PATIENCE)
            received.append(connection.receive())

    readers = [threading.Thread(target=wait_for_more, args=(one,)) for one in connections]
    for reader in readers:
        reader.start()
    limited.wait(PATIENCE)
    deadlines.close()
    for reader in readers:
        reader.join()
    assert received == [b""] * 3


def test_after_closing_nothing_can_be_read_and_nothing_is_watched(
    connections: list[Connection],
) -> None:
    before = watchers()
    deadlines = Deadlines()
    deadlines.close()
    with deadlines.limit(connections[0].sock, 60):
        assert connections[0].receive() == b""
    assert watchers() == before


def test_closing_leaves_connections_alone_that_nobody_reads(connections: list[Connection]) -> None:
    deadlines = Deadlines()
    with deadlines.limit(connections[0].sock, 60):
        pass
    deadlines.close()
    deadlines.close()
    connections[0].there.sendall(b"still here")
    assert connections[0].receive() == b"still here"


def test_after_one_that_was_cut_off_the_next_is_cut_off_too() -> None:
    deadlines = Deadlines()
    for _ in range(2):
        ours, theirs = socket.socketpair()
        with ours, theirs, deadlines.limit(ours, 0.01):
            ours.settimeout(PATIENCE)
            assert ours.recv(1) == b""
    deadlines.close()
