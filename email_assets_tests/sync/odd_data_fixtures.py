"""Rows that are odd, and syncs of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.queries import WAREHOUSES, fresh_place
from email_assets_tests.warehouses import Query, Row, columns_of, fresh_warehouse, load


def put(api: Sandbox, *rows: Row) -> None:
    api.replace("domains", rows)


def load_rows(api: Sandbox, *rows: Row) -> None:
    put(api, *rows)
    load("domains")


HALF = "half of a pair: \ud83d"


LONGEST_IN_POSTGRES = 63
"""Characters of a name."""


LONG = "é" * 2_500_000


MOMENT = datetime(2026, 1, 31, 22, 30, tzinfo=timezone.utc)


VALUES: dict[str, tuple[Any, Any]] = {
    "emoji": ("📬👩🏽‍💻", "📬👩🏽‍💻"),
    "half_of_a_surrogate_pair": (HALF, "half of a pair: \\ud83d"),
    "nul_characters": ("a\x00b\x00", "a\x00b\x00"),
    "line_ends": ("a\r\nb\u2028c", "a\r\nb\u2028c"),
    "five_megabytes": (LONG, LONG),
    "blanks": ("  ", "  "),
    "empty_text": ("", ""),
    "text_of_digits": ("007", "007"),
    "text_of_a_date": ("2026-01-31", "2026-01-31"),
    "sql": ("'; DROP TABLE email.domains; --", "'; DROP TABLE email.domains; --"),
    "moment": ("2026-01-31T23:30:00+01:00", MOMENT),
    "biggest": (2**63 - 1, 2**63 - 1),
    "smallest": (-(2**63), -(2**63)),
    "beyond_64_bits": (2**63, "9223372036854775808"),
    "below_64_bits": (-(2**63) - 1, "-9223372036854775809"),
    "two_hundred_bits": (2**200, str(2**200)),
    "fraction": (0.1, 0.1),
    "huge": (1.7976931348623157e308, 1.7976931348623157e308),
    "tiny": (5e-324, 5e-324),
    "yes": (True, True),
}


NESTED: dict[str, tuple[Any, str, Any]] = {
    "object": ({"a": {"b": "c"}}, "object__a__b", "c"),
    "beyond": ({"big": 2**64}, "beyond__big", str(2**64)),
    "deep": ({"d": {"d": {"d": {"d": {"d": {"d": {"d": 7}}}}}}}, "deep" + "__d" * 7, 7),
}


KEYS = {
    "camelCase": "camel_case",
    "HTTPStatus": "http_status",
    "with space": "with_space",
    "dotted.name": "dotted_name",
    "select": "select",
    "from": "from",
    "1st": "_1st",
    "größe": "gr_e",
    "q\"uo'te": "q_uo_te",
    "nul\x00": "nulx",
    "": "_empty",
    "_dlt_version": "_dlt_version",
    "k" * 300: "k" * 300,
}


@pytest.fixture(scope="module", params=WAREHOUSES)
def odd(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Query]:
    """A table of one row, with every odd value and every odd key."""
    row = {
        "id": 1,
        **{field: value for field, (value, _) in VALUES.items()},
        **{field: value for field, (value, _, _) in NESTED.items()},
        **{key: f"value of {key}" for key in KEYS},
        "nulls_only": None,
        "items": ["\x00", HALF, 2**64, None, "007", 1, 1.5, [1, ["deeper"]], {"key": "🔑"}],
    }
    folder = tmp_path_factory.mktemp("odd")
    place = fresh_place(folder, request)
    with Sandbox(messages=0) as sandbox:
        with fresh_warehouse(folder, sandbox, place) as query:
            load_rows(sandbox, row)
        yield query


def value(query: Query, column: str) -> object:
    escaped = column.replace('"', '""')
    if is_postgres(query) and len(column) > LONGEST_IN_POSTGRES:  # dlt ends it with a hash
        names = columns_of(query, "domains")
        (escaped,) = [name for name in names if name.startswith(column[:20])]
    return query(f'SELECT "{escaped}" FROM email.domains')[0][0]


def is_postgres(query: Query) -> bool:
    return "PostgreSQL" in query("SELECT version()")[0][0]


def stored(query: Query, value: Any) -> Any:
    """A value as the warehouse holds it: PostgreSQL has no NUL, which is written out there."""
    has_none = isinstance(value, str) and is_postgres(query)
    return value.replace("\x00", "\\u0000") if has_none else value
