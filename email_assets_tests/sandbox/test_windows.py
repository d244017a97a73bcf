"""Messages and bounces can be asked for a stretch of time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets.sandbox.instants import TIME_FIELDS
from email_assets_tests.sandbox.conftest import START, Clock, get, ids, page

RESOURCES = sorted(TIME_FIELDS)
SENTENCE = "{} must be an instant with an offset, such as 2026-01-31T09:30:00Z."


def rows_between(sandbox: Sandbox, resource: str, since: str, until: str) -> list[Any]:
    """The rows that a window must hold; times written alike compare as text."""
    field = TIME_FIELDS[resource]
    return [row for row in sandbox.rows(resource) if since <= row[field] <= until]


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize(("newest", "oldest"), [(0, 0), (0, 9), (3, 11), (7, 22), (0, 22)])
def test_both_ends_of_a_window_belong_to_it(
    sandbox: Sandbox, resource: str, newest: int, oldest: int
) -> None:
    rows, field = sandbox.rows(resource), TIME_FIELDS[resource]
    found = page(sandbox, resource, since=rows[oldest][field], until=rows[newest][field], limit=500)
    assert found == {"data": rows[newest : oldest + 1], "total": oldest + 1 - newest}


@pytest.mark.parametrize("resource", RESOURCES)
def test_either_end_may_be_open(sandbox: Sandbox, resource: str) -> None:
    rows, middle = sandbox.rows(resource), sandbox.rows(resource)[9][TIME_FIELDS[resource]]
    assert page(sandbox, resource, since=middle)["data"] == rows[:10]
    until = page(sandbox, resource, until=middle, limit=500)
    assert until == {"data": rows[9:], "total": len(rows) - 9}


def test_a_millisecond_more_or_less_is_seen(sandbox: Sandbox) -> None:
    row = sandbox.rows("messages")[5]
    sent_at = datetime.fromisoformat(row["sent_at"].replace("Z", "+00:00"))
    step = timedelta(milliseconds=1)
    after = page(sandbox, "messages", since=(sent_at + step).isoformat())
    before = page(sandbox, "messages", until=(sent_at - step).isoformat())
    assert (after["total"], before["total"]) == (5, 244)


def test_a_window_is_read_in_pages_like_any_list(sandbox: Sandbox) -> None:
    rows = sandbox.rows("messages")
    window = {"since": rows[119]["sent_at"], "until": rows[20]["sent_at"], "limit": 30}
    found = [page(sandbox, "messages", offset=offset, **window) for offset in (0, 30, 60, 90, 120)]
    assert [row for document in found for row in document["data"]] == rows[20:120]
    assert {document["total"] for document in found} == {100}


def test_offsets_from_utc_name_the_same_instant(sandbox: Sandbox) -> None:
    since = sandbox.rows("messages")[9]["sent_at"]
    at = datetime.fromisoformat(since.replace("Z", "+00:00"))
    for hours in (-11, 0, 5.75):
        zone = timezone(timedelta(hours=hours))
        assert page(sandbox, "messages", since=at.astimezone(zone).isoformat())["total"] == 10


@pytest.mark.parametrize(
    ("since", "until", "total"),
    [
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", 250),
        ("9999-12-31T23:59:59-14:00", None, 0),
        (None, "0001-01-01T00:00:00+14:00", 0),
        ("2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z", 0),
    ],
)
def test_windows_may_be_as_wide_or_as_wrong_as_time_allows(
    sandbox: Sandbox, since: str | None, until: str | None, total: int
) -> None:
    document = page(sandbox, "messages", since=since, until=until, limit=500)
    assert (len(document["data"]), document["total"]) == (total, total)


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "now", "1767225600", "2026-01-31", "09:30:00Z", "2026-01-31T09:30:00"),
        *("2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T09:30:00 01:00"),
        *("2026-01-31T09:30:00Z ", "٢٠٢٦-01-31T09:30:00Z", "2026-01-31T09:30:00+99:00"),
    ],
)
def test_what_is_no_instant_is_refused(
    sandbox: Sandbox, resource: str, name: str, text: str
) -> None:
    response = get(sandbox, resource, **{name: text})
    assert (response.status_code, response.json()) == (400, {"error": SENTENCE.format(name)})


@pytest.mark.parametrize("resource", ["deliverystats", "servers", "domains"])
def test_other_resources_know_no_windows(sandbox: Sandbox, resource: str) -> None:
    asked = page(sandbox, resource, since="2999-01-01T00:00:00Z", until="no instant")
    assert asked == page(sandbox, resource)


@pytest.mark.parametrize("resource", RESOURCES)
def test_rows_that_come_go_and_arrive_are_found_by_their_time(clock: Clock, resource: str) -> None:
    with Sandbox(messages=250, rate=6, clock=clock) as sandbox:
        sandbox.delete_head(resource, 4)
        clock.advance(minutes=30)
        sandbox.insert_head(resource, 5)
        sandbox.delete_head(resource, 2)
        clock.advance(minutes=30)
        rows = sandbox.rows(resource)
        times = [row[TIME_FIELDS[resource]] for row in rows]
        for since, until in zip(times[20::29], times[::29], strict=False):
            expected = rows_between(sandbox, resource, since, until)
            found = page(sandbox, resource, since=since, until=until, limit=500)
            assert found == {"data": expected, "total": len(expected)}


@pytest.mark.parametrize("resource", RESOURCES)
def test_rows_with_equal_times_stay_together(sandbox: Sandbox, resource: str) -> None:
    sandbox.insert_head(resource, 30)
    newest = sandbox.rows(resource)[0][TIME_FIELDS[resource]]
    assert page(sandbox, resource, since=newest, until=newest)["total"] == 30


def test_rows_put_in_place_are_found_by_their_time_and_those_without_one_are_not(
    sandbox: Sandbox,
) -> None:
    rows: list[Any] = [
        {"id": 1, "sent_at": "2026-01-31T12:00:00+02:00"},
        {"id": 2, "sent_at": "2026-01-31T10:00:00.5Z"},
        {"id": 3, "sent_at": None},
        {"id": 4, "sent_at": 1_769_853_600},
        {"id": 5},
        "text",
        {"id": 6, "sent_at": "2026-01-31T09:59:59.999Z"},
    ]
    sandbox.replace("messages", rows)
    found = page(sandbox, "messages", since="2026-01-31T10:00:00Z")
    assert found == {"data": rows[:2], "total": 2}
    assert ids(page(sandbox, "messages", until="2026-01-31T10:00:00Z")["data"]) == [1, 6]
    assert page(sandbox, "messages")["total"] == 7


def test_faults_strike_windows_too(sandbox: Sandbox) -> None:
    rows = sandbox.rows("messages")
    window = {"since": rows[99]["sent_at"]}
    sandbox.set_faults("messages", Fault("page_cap", rows=10), Fault("delete_head", rows=3))
    first = page(sandbox, "messages", **window)
    assert first == {"data": rows[:10], "total": 100}
    assert page(sandbox, "messages", **window)["total"] == 97


def test_a_request_without_an_instant_uses_up_no_fault(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("status", times=1))
    assert get(sandbox, "messages", since="x").status_code == 400
    assert get(sandbox, "messages", since="2026-01-31T09:30:00Z").status_code == 503


def test_the_window_asked_for_is_recorded(sandbox: Sandbox) -> None:
    get(sandbox, "messages", since="2026-01-31T10:30:00+01:00", until="2026-02-01T00:00:00Z")
    get(sandbox, "bounces")
    windowed, whole = sandbox.requests
    assert windowed.since == datetime(2026, 1, 31, 9, 30, tzinfo=timezone.utc)
    assert windowed.until == datetime(2026, 2, 1, tzinfo=timezone.utc)
    assert (whole.since, whole.until) == (None, None)


@pytest.mark.parametrize(("resource", "rows"), [("messages", 1_000_000), ("bounces", 90_909)])
def test_a_window_of_a_million_messages_is_a_page_with_a_total_of_its_own(
    resource: str, rows: int
) -> None:
    ten_of_thirty_days = {
        "since": (START - timedelta(days=20)).isoformat(),
        "until": (START - timedelta(days=10)).isoformat(),
    }
    with Sandbox(messages=1_000_000, clock=Clock()) as sandbox:
        document = page(sandbox, resource, offset=20_000, **ten_of_thirty_days)
    assert len(document["data"]) == 100
    assert document["total"] == pytest.approx(rows / 3, rel=0.01)
