"""The cursor's note of owners that could not be read, from one sync to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dlt
import pytest

from email_assets import clock
from email_assets.sync.cursor import Cursor

CURSOR = Cursor("messages", ["list", "at", "1", "2", "3"])
START = datetime(2026, 3, 1, tzinfo=timezone.utc)
FIRST, SECOND, THIRD = (START + timedelta(days=days) for days in (1, 2, 3))


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[dlt.Pipeline]:
    pipeline = dlt.pipeline("messages", pipelines_dir=str(tmp_path / "pipelines"))
    yield pipeline
    pipeline.deactivate()


def keep(
    pipeline: dlt.Pipeline,
    starts: Mapping[str, datetime | None],
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Note owners at a time as a sync does, while dlt extracts."""
    monkeypatch.setattr(clock, "source", lambda: at)

    @dlt.resource(name=CURSOR.resource)
    def rows() -> Iterator[dict[str, Any]]:
        CURSOR.keep_newest(START)
        CURSOR.keep_behind(starts)
        yield {"id": 1}

    @dlt.source(name=CURSOR.resource)
    def source() -> Any:
        return rows

    pipeline.extract(source())
    assert CURSOR.behind(pipeline) == starts


def test_an_owner_is_away_since_the_first_sync_that_could_not_read_it(
    pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(pipeline, {"1": START, "2": None}, FIRST, monkeypatch)
    assert CURSOR.away(pipeline) == {"1": FIRST, "2": FIRST}

    keep(pipeline, {"2": None, "3": START}, SECOND, monkeypatch)
    assert CURSOR.away(pipeline) == {"2": FIRST, "3": SECOND}


def test_one_that_was_read_again_is_away_anew(
    pipeline: dlt.Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(pipeline, {"1": START}, FIRST, monkeypatch)
    keep(pipeline, {}, SECOND, monkeypatch)
    assert CURSOR.away(pipeline) == {}

    keep(pipeline, {"1": START}, THIRD, monkeypatch)
    assert CURSOR.away(pipeline) == {"1": THIRD}
