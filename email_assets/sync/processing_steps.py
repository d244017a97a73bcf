"""The `processing_steps` of a vendor's file, where it is not dlt that reads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from email_assets.vendors import VendorResource

Row = dict[str, Any]


def as_the_file_says(resource: VendorResource, rows: Iterable[Row]) -> list[Row]:
    """The rows after the steps that dlt takes with them: `map`, `filter` and `yield_map`."""
    for step in resource.get("processing_steps") or ():
        if change := step.get("map"):
            rows = map(change, rows)
        if keep := step.get("filter"):
            rows = filter(keep, rows)
        if several := step.get("yield_map"):
            rows = chain.from_iterable(map(several, rows))
    return list(rows)
