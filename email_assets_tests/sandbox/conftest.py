"""A sandbox that runs, and clocks and waits that tests hold in their hands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from email_assets.sandbox import Sandbox

START = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class Waits(list[float]):
    """Notes how long the sandbox would have waited, and does not wait."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def sandbox(clock: Clock, waits: Waits) -> Iterator[Sandbox]:
    with Sandbox(messages=250, seed=1, clock=clock, sleep=waits) as sandbox:
        yield sandbox


def get(sandbox: Sandbox, resource: str, **parameters: Any) -> requests.Response:
    """Ask for a page, with the right key unless another is given; redirects are not followed."""
    with requests.get(
        f"{sandbox.base_url}/v1/{resource}",
        params={"api_key": sandbox.api_key, **parameters},
        timeout=60,
        allow_redirects=False,
        stream=True,
    ) as response:
        _ = response.content  # read in here, so that a body that breaks still frees its connection
        return response


def page(sandbox: Sandbox, resource: str, **parameters: Any) -> Any:
    """The document of a page that must be there."""
    response = get(sandbox, resource, **parameters)
    assert response.status_code == 200
    return response.json()


def ids(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["id"] for row in rows]
