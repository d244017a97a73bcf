"""Ways to read messages by time."""

from __future__ import annotations

import pytest


@pytest.fixture
def stops_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that lists the newest first and cannot be asked for less."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "desc")


@pytest.fixture
def asks_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that can be asked for a stretch of time."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__START_PARAM", "since")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__END_PARAM", "until")


@pytest.fixture(params=["stops_early", "asks_for_windows"])
def incremental(request: pytest.FixtureRequest) -> None:
    """One after the other, both ways to sync what is new."""
    request.getfixturevalue(request.param)
