"""Any rows of an API, and what a warehouse holds of them, so that both can be compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from email_assets_tests.warehouses import Query, Row

Path = tuple[str, ...]

ODD_KEYS = (
    *("a", "A", "a-b", "a b", "a__b", "b", "a_2", "__", "_", "", " ", "客户", "订单"),
    *("value", "list", "id", "more", "_dlt_id", "_dlt_parent_id", "_dlt_list_idx", "a__v_text"),
    "x" * 130,
)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Nd"]), max_size=5)
KEYS = st.sampled_from(ODD_KEYS) | TEXT
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda found: found % 1 != 0)
    | TEXT
    | st.sampled_from(["007", "true", "{}", "1e5", "9999-12-31T23:59:59-05:00", "0000-00-00"])
    | st.sampled_from("\uf026\uf027\uf02a\uf02b").map(lambda mark: f"{mark}2026-01-31")
)


def objects(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Row]:
    """JSON objects of any shape."""
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
    )
    return st.dictionaries(KEYS.filter(lambda key: key != "id"), values, max_size=6)


def leaves_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each value that is neither an object, a list nor null, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves_of(part, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from leaves_of(item, (*path, "[]"))
    elif value is not None:
        yield path, value


def plain(value: Any) -> str:
    """A value whatever its column's type: 5 as a number, a fraction and a text are the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def values_of(row: Row) -> Counter[str]:
    """The values of a row, each as often as it occurs."""
    return Counter(plain(value) for _, value in leaves_of(row))


def stored(query: Query, resource: str) -> dict[Any, list[tuple[str, Any]]]:
    """By the key of each row: its values and its nested rows', with the columns they stand in."""
    tables = query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'email' AND "
        f"(table_name = '{resource}' OR starts_with(table_name, '{resource}__'))"
    )
    key_of: dict[Any, Any] = dict(query(f"SELECT _dlt_id, id FROM email.{resource}"))
    found: dict[Any, list[tuple[str, Any]]] = {key: [] for key in key_of.values()}
    assert len(found) == len(key_of), "rows with equal keys"
    for (table,) in tables:
        described = query(f'SELECT column_name, column_type FROM (DESCRIBE email."{table}")')
        owner = "_dlt_id" if table == resource else "_dlt_root_id"
        names = [column for column, _ in described]
        for row in query(f'FROM email."{table}"'):
            values = dict(zip(names, row, strict=True))
            assert values[owner] in key_of, f"{table} has rows without a row of {resource}"
            for column, column_type in described:
                if column in OF_DLT or values[column] is None:
                    continue
                value = values[column]
                parts = leaves_of(json.loads(value)) if column_type == "JSON" else [((), value)]
                # what is beneath in JSON is no column of its own, and still a place of its own
                found[key_of[values[owner]]] += [
                    (".".join([table, column, *path]), part) for path, part in parts
                ]
    return found


OF_DLT = ("_dlt_id", "_dlt_load_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_list_idx")
