"""Ctrl-C amid a time limit: whoever closes the connections then waits for nothing."""

from __future__ import annotations

import itertools
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from email_assets.api import deadline
from email_assets.api.deadline import Deadlines
from email_assets_tests.api.test_deadline import PATIENCE, Connection, connections

__all__ = ["connections"]


class Pressing:
    """Somebody presses Ctrl-C as a function begins, which is when Python looks for signals.

    Args:
        moment: The number of the call of `deadline` that is meant, from 1 on.
    """

    def __init__(self, moment: int) -> None:
        self._left = moment

    def __call__(self, frame: FrameType, *_: Any) -> None:
        if frame.f_back and frame.f_back.f_code.co_filename == deadline.__file__:
            self._left -= 1
            if not self._left:
                raise KeyboardInterrupt


def is_stopped(deadlines: Deadlines, connection: Connection, moment: int) -> bool:
    """True if somebody stopped a limit at that moment; False if it was over before."""
    tracer = sys.gettrace()  # that of coverage, if lines are counted
    sys.settrace(Pressing(moment))
    try:
        with deadlines.limit(connection.sock, 60):
            return False
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(tracer)


def test_at_any_moment_of_it(connections: list[Connection]) -> None:
    for moment in itertools.count(1):
        deadlines = Deadlines()
        stopped = is_stopped(deadlines, connections[0], moment)
        closing = threading.Thread(target=deadlines.close, daemon=True)
        closing.start()
        closing.join(PATIENCE)
        assert not closing.is_alive(), f"at its call {moment}"
        if not stopped:
            break
    assert moment > 3


def test_while_the_watcher_begins(
    connections: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(threading.Thread):
        def start(self) -> None:
            raise KeyboardInterrupt

    deadlines = Deadlines()
    monkeypatch.setattr(threading, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt), deadlines.limit(connections[0].sock, 60):
        pass
    deadlines.close()
    with deadlines.limit(connections[0].sock, 60):
        assert connections[0].receive() == b""
