"""The requests that an API allows in a minute or an hour are kept to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.api.faults import seconds_asked_for
from email_assets.api.limits import Allowance, Limit, Limiter, limits_of
from email_assets.clock import now
from email_assets.errors import ApiUnavailableError
from email_assets.sync.glimpse import glimpse
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.syncing import load
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]

KEYS = ("a key",)
VENDOR = """
from email_assets.vendors import Secret

VENDOR = {{
    "client": {{
        "base_url": "{base_url}/v1",
        "auth": {{"type": "bearer", "token": Secret("sources.email.limited.api_key")}},
        "requests_per": [{{"hour": 4, "below": "/slow"}}, {{"hour": 1000}}],
    }},
    "resource_defaults": {{"primary_key": "id", "write_disposition": "merge"}},
    "resources": [
        {{
            "name": name,
            "kind": "event",
            "description": "A thing.",
            "endpoint": {{
                "path": path,
                "data_selector": "data",
                "paginator": {{"type": "offset", "limit": 10}},
            }},
        }}
        for name, path in [("slow", "/slow"), ("slower", "/slow/er"), ("quick", "/quick")]
    ],
}}
"""


class ListServer(VendorServer):
    """The same thirty rows under every path."""

    def answer(self, asked: Asked) -> Answer:
        offset = int(asked.query["offset"])
        return Answer(200, {"data": [{"id": n} for n in range(30)][offset:][:10], "total": 30})


class TestLimiter:
    @pytest.fixture
    def at(self) -> list[float]:
        """The time now, in seconds."""
        return [0.0]

    def reserve(self, limiter: Limiter, times: int) -> list[float]:
        return [limiter.reserve() for _ in range(times)]

    def test_the_first_requests_do_not_wait(self, at: list[float]) -> None:
        assert self.reserve(Limiter([Limit(3, 60)], lambda: at[0]), 3) == [0, 0, 0]

    def test_one_more_waits_until_the_first_is_past(self, at: list[float]) -> None:
        limiter = Limiter([Limit(3, 60)], lambda: at[0])
        self.reserve(limiter, 1)
        at[0] = 20
        self.reserve(limiter, 2)

        assert self.reserve(limiter, 3) == [40, 60, 60]

    def test_what_was_long_ago_does_not_count(self, at: list[float]) -> None:
        limiter = Limiter([Limit(3, 60)], lambda: at[0])
        self.reserve(limiter, 3)
        at[0] = 61

        assert self.reserve(limiter, 3) == [0, 0, 0]

    def test_of_two_limits_both_are_kept(self, at: list[float]) -> None:
        limiter = Limiter([Limit(2, 1), Limit(4, 60)], lambda: at[0])

        assert self.reserve(limiter, 6) == [0, 0, 1, 1, 60, 60]

    def test_one_may_ask_for_the_wait_without_taking_a_turn(self, at: list[float]) -> None:
        limiter = Limiter([Limit(3, 60)], lambda: at[0])
        at[0] = 100
        self.reserve(limiter, 3)
        at[0] = 120

        assert [limiter.seconds_to_wait() for _ in range(2)] == [40, 40]


class TestAllowance:
    LIMITS = limits_of([{"minute": 10, "below": "/slow"}, {"minute": 60}])

    def limiter(self, url: str, secrets: tuple[str, ...] = KEYS) -> Limiter | None:
        return Allowance("https://api.example.org/v1", self.LIMITS).limiter(url, secrets)

    def test_sessions_with_one_key_share_a_count(self) -> None:
        assert self.limiter("https://api.example.org/v1/slow/a") is self.limiter(
            "https://api.example.org/v1/slow/b?page=2"
        )

    def test_paths_of_other_limits_have_a_count_of_their_own(self) -> None:
        assert self.limiter("https://api.example.org/v1/slow") is not self.limiter(
            "https://api.example.org/v1/other"
        )

    def test_limits_that_name_no_path_are_those_of_every_other(self) -> None:
        other = self.limiter("https://api.example.org/v1/other")

        assert other is not None
        assert other is self.limiter("https://api.example.org/v1/another")

    def test_an_address_may_end_with_a_slash(self) -> None:
        allowance = Allowance("https://api.example.org/v1/", self.LIMITS[:1])

        assert allowance.limiter("https://api.example.org/v1/slow", KEYS) is not None

    def test_keys_have_a_count_of_their_own(self) -> None:
        assert self.limiter("https://api.example.org/v1/slow") is not self.limiter(
            "https://api.example.org/v1/slow", ("another key",)
        )

    def test_an_api_without_limits_has_none(self) -> None:
        assert Allowance("https://api.example.org").limiter("https://api.example.org/x", ()) is None


class TestSyncs:
    @pytest.fixture(autouse=True)
    def api(
        self, warehouse: Path, use_vendor: UseVendor, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[ListServer]:
        with ListServer() as running:
            monkeypatch.setenv("SOURCES__EMAIL__LIMITED__API_KEY", "limited-key")
            use_vendor(VENDOR.format(base_url=running.base_url))
            yield running

    @pytest.mark.slow
    def test_resources_of_one_limit_wait_for_each_other(self) -> None:
        waits: list[float] = []

        first, second = load("slow", waits=waits), load("slower", waits=waits)

        # four pages each: the last row of one is asked for again with the next
        assert (first.usage.requests, second.usage.requests, len(waits)) == (4, 4, 4)
        assert first.usage.seconds_throttled == 0
        assert second.usage.seconds_throttled == sum(waits)

    @pytest.mark.slow
    def test_a_resource_of_another_limit_does_not(self) -> None:
        waits: list[float] = []

        load("slow", waits=waits)
        load("quick", waits=waits)

        assert waits == []

    @pytest.mark.slow
    def test_a_sync_waits_even_if_it_is_to_try_nothing_twice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
        waits: list[float] = []

        load("slow", waits=waits)
        load("slower", waits=waits)

        assert len(waits) == 4

    def test_a_glance_does_not_wait_for_long(self) -> None:
        load("slow")

        with pytest.raises(ApiUnavailableError, match="allows no more requests for now"):
            glimpse(configured_account(), "slow", say=lambda _: None)


class TestHeaders:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Retry-After": "7", "x-ratelimit-reset": "90"}, 7),
            ({"Retry-After": "1", "x-ratelimit-reset": "90"}, 1),
            ({"x-sib-ratelimit-reset": "90"}, 90),
            ({"X-RateLimit-Reset": "90"}, 90),
            ({"ratelimit-reset": "1.5"}, 2),
            ({"ratelimit-reset": "0.5"}, 1),
            ({"x-ratelimit-reset": "soon"}, None),
            ({"x-ratelimit-reset": "0"}, None),
            ({"x-ratelimit-remaining": "0"}, None),
        ],
        ids=str,
    )
    def test_too_many_requests_wait_for_the_count_to_start_anew(
        self, headers: dict[str, str], seconds: Any
    ) -> None:
        assert seconds_asked_for(429, headers) == seconds

    def test_it_may_be_told_as_a_time(self) -> None:
        at = now() + timedelta(minutes=5)
        seconds = seconds_asked_for(429, {"X-RateLimit-Reset": str(at.timestamp())})

        assert seconds == pytest.approx(300, abs=5)

    def test_other_failures_are_repeated_sooner(self) -> None:
        assert seconds_asked_for(503, {"X-RateLimit-Reset": "90"}) is None
