"""Ctrl-C while a command of `email-assets` waits."""

from __future__ import annotations

import os
import signal

import pytest

from email_assets import cli
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer


class PressingServer(VendorServer):
    """Somebody presses Ctrl-C when it is asked."""

    def answer(self, asked: Asked) -> Answer:
        del asked
        os.kill(os.getpid(), signal.SIGINT)
        return Answer(200, {})


def test_a_command_that_is_stopped_says_so_in_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with PressingServer() as server:
            monkeypatch.setenv("ALERTS__WEBHOOK_URL", server.base_url)
            status = cli.main(["notify"])
    finally:
        signal.signal(signal.SIGINT, before)

    assert (status, capsys.readouterr()) == (130, ("", "Stopped.\n"))
