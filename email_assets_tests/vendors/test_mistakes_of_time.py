"""Mistakes in what a vendor's file says of time are told by the key at fault."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import dlt
import pytest

from email_assets.vendors.checking import mistake_in
from email_assets.vendors.generic import VENDOR

ENDS = {"cursor_path": "sent_at", "start_param": "since", "end_param": "until"}
A_WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("block", "words", "problem"),
    [
        (
            {"cursor_path": "dates..sent"},
            {},
            "has an 'incremental' with a 'cursor_path' that is neither a field nor the way to one "
            "with dots",
        ),
        (
            {"initial_value": "last week"},
            {},
            "has an 'incremental' with an 'initial_value' that is neither a time in ISO 8601 nor a "
            "timedelta, which is how long ago the API's rows begin",
        ),
        (
            {"initial_value": -A_WEEK},
            {},
            "has an 'incremental' with an 'initial_value' that is neither a time in ISO 8601 nor a "
            "timedelta, which is how long ago the API's rows begin",
        ),
        (
            {"initial_value": A_WEEK, "start_param": None},
            {},
            "has an 'incremental' with an 'initial_value', and needs a 'start_param' to say it by",
        ),
        (
            {"start_param": None},
            {},
            "has an 'incremental' with an 'end_param', and needs a 'start_param' for the other end",
        ),
        (
            {"end_value": "2026-01-31"},
            {},
            "has an 'incremental' with an 'end_value' that is not NOW",
        ),
        (
            {"end_value": "now", "end_param": None},
            {},
            "has an 'incremental' with an 'end_value', and needs an 'end_param' to say it by",
        ),
        (
            {"range_start": "open"},
            {},
            "has an 'incremental' with 'range_start', which nothing here goes by: leave it out",
        ),
        (
            {"end_param": "since"},
            {},
            "has an 'incremental' with one parameter for both ends, and needs 'initial_value', "
            "'end_value' and a 'convert' that makes one value of two instants",
        ),
        (
            {},
            {"longest": A_WEEK},
            "has a 'longest', and needs an 'incremental' with 'initial_value' and 'end_value', "
            "between which the stretches lie",
        ),
        ({}, {"longest": timedelta(0)}, "has a 'longest' that is not longer than nothing"),
        ({}, {"maximum_rows": 0}, "has a 'maximum_rows' that is not a number of rows from 1"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused(
    block: dict[str, Any], words: dict[str, Any], problem: str
) -> None:
    vendor: Any = deepcopy(VENDOR)
    said = {word: value for word, value in {**ENDS, **block}.items() if value is not None}
    vendor["resources"][1]["endpoint"]["incremental"] = said
    vendor["resources"][1].update(words)

    assert mistake_in(vendor) == f"VENDOR['resources'][1] (messages) {problem}"


@pytest.mark.parametrize(
    "value",
    [{"type": "incremental", "cursor_path": "sent_at"}, dlt.sources.incremental("sent_at")],
    ids=["dictionary", "object"],
)
def test_an_incremental_among_the_parameters_is_refused_with_where_to_put_it(value: Any) -> None:
    vendor: Any = deepcopy(VENDOR)
    vendor["resources"][1]["endpoint"]["params"] = {"since": value}

    assert mistake_in(vendor) == (
        "VENDOR['resources'][1] (messages) has an incremental among its 'params': put it beside "
        "them, as 'incremental' of the endpoint with 'since' as its 'start_param'"
    )
