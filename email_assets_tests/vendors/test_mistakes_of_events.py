"""Mistakes of events in a vendor's file are told by the entry at fault."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets_tests.vendors.vendor_file_fixtures import problem_in, vendor
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor", "vendor"]

OPENED = {"resource": "messages", "time": "opened_at", "event": "opened"}
TYPED = {"resource": "bounces", "type": "kind", "types": {"unsubscribed": ["gone"]}}
SENDER = {"field": "of", "resource": "nobody", "id": "id", "name": "name"}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (OPENED | {"resource": "nobody"}, " has the 'resource' 'nobody', which is no resource"),
        (TYPED | {"event": "opened"}, " needs an 'event' that each row tells of, or 'types', and"),
        (OPENED | {"event": None}, " needs an 'event' that each row tells of, or 'types', and"),
        (TYPED | {"type": None}, " needs the 'type' whose values 'types' has"),
        (TYPED | {"types": {"lost": ["x"]}}, " has 'lost', which is none of sent, delivered, "),
        (
            OPENED | {"sender": SENDER},
            " needs a 'sender' with a 'resource' of this file, its 'id' and its 'name'",
        ),
        (
            OPENED | {"resource": "servers", "time": None},
            " needs a 'time', since 'deliverability' names none of its resource",
        ),
        (OPENED | {"event": "sent"}, " has 'sent', which 'deliverability' tells already: leave"),
        (TYPED | {"types": {"bounced": ["x"]}}, " has 'bounced', which 'deliverability' tells"),
        (OPENED | {"event": "complained"}, " has 'complained', which 'deliverability' tells"),
    ],
)
def test_a_mistake_of_an_entry(
    entry: dict[str, Any], problem: str, vendor: Any, use_vendor: UseVendor
) -> None:
    vendor["events"] = [OPENED, {k: v for k, v in entry.items() if v is not None}]

    assert problem_in(use_vendor, vendor).startswith("VENDOR['events'][1]" + problem)


def test_complaints_that_no_day_would_count(vendor: Any, use_vendor: UseVendor) -> None:
    del vendor["deliverability"]["bounces"]["complaint"]
    vendor["events"] = [OPENED | {"event": "complained"}]

    assert problem_in(use_vendor, vendor) == (
        "VENDOR['events'][0] has 'complained', which belongs into 'complaints' of 'deliverability'"
    )


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        ("nobody", "has 'complaints' of 'nobody', which is no resource"),
        (
            "messages",
            "has 'complaints', and a 'complaint' of bounces that would count them twice: leave one "
            "out",
        ),
    ],
)
def test_a_mistake_of_complaints(
    resource: str, problem: str, vendor: Any, use_vendor: UseVendor
) -> None:
    vendor["deliverability"]["complaints"] = {"resource": resource, "time": "sent_at"}

    assert problem_in(use_vendor, vendor) == f"VENDOR['deliverability'] {problem}"


def test_events_without_what_tells_that_messages_were_sent(
    vendor: Any, use_vendor: UseVendor
) -> None:
    del vendor["deliverability"]
    vendor["events"] = [OPENED]

    assert problem_in(use_vendor, vendor) == (
        "VENDOR['events'][0] needs a 'deliverability' beside it, which tells what was sent and "
        "bounced"
    )


def test_a_resource_of_a_views_name(vendor: Any, use_vendor: UseVendor) -> None:
    vendor["resources"].append(vendor["resources"][0] | {"name": "recipients"})
    vendor["events"] = [OPENED]

    assert problem_in(use_vendor, vendor) == (
        "VENDOR['events'][0] makes a view 'recipients', which is the name of a resource: give "
        "that another"
    )
