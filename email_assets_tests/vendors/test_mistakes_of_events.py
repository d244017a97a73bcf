"""Mistakes of events in a vendor's file are told by the entry at fault."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets_tests.vendors.vendor_file_fixtures import problem_in, vendor
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor", "vendor"]

SENT = {"resource": "messages", "time": "sent_at", "event": "sent"}
TYPED = {"resource": "bounces", "time": "at", "type": "kind", "types": {"bounced": ["hard"]}}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (SENT | {"resource": "nobody"}, " has the 'resource' 'nobody', which is no resource"),
        (TYPED | {"event": "sent"}, " needs an 'event' that each row tells of, or 'types', and"),
        (SENT | {"event": None}, " needs an 'event' that each row tells of, or 'types', and"),
        (TYPED | {"type": None}, " needs the 'type' whose values 'types' has"),
        (TYPED | {"types": {"lost": ["x"]}}, " has 'lost', which is none of sent, delivered, "),
        (
            SENT | {"sender": {"field": "of", "resource": "nobody", "id": "id", "name": "name"}},
            " needs a 'sender' with a 'resource' of this file, its 'id' and its 'name'",
        ),
    ],
)
def test_a_mistake_of_an_entry(
    entry: dict[str, Any], problem: str, vendor: Any, use_vendor: UseVendor
) -> None:
    vendor["events"] = [SENT, {k: v for k, v in entry.items() if v is not None}]

    assert problem_in(use_vendor, vendor).startswith("VENDOR['events'][1]" + problem)


def test_a_resource_of_a_views_name(vendor: Any, use_vendor: UseVendor) -> None:
    vendor["resources"].append(vendor["resources"][0] | {"name": "recipients"})
    vendor["events"] = [SENT]

    assert problem_in(use_vendor, vendor) == (
        "VENDOR['events'][0] makes a view 'recipients', which is the name of a resource: give "
        "that another"
    )
