"""Random rows of a list of messages, a few of which are odd in a few ways each."""

from __future__ import annotations

from random import Random
from typing import Any

from email_assets_tests.warehouses import Row

TIMES = (
    *("2026-01-01T10:00:00+02:00", "2026-01-01T10:00:00.123456789Z", "2026-01-01", "soon", ""),
    *("2026-02-30T10:00:00Z", "2026-01-01T10:00:00.12Z", "2026-01-01 10:00:00", None),
    *("2026-01-01T10:00:00", "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59.999999Z", "0000-01-01T00:00:00Z", "2026-01-01T24:00:00Z"),
    *("2026-01-01T23:59:60Z", "2026-01-01T10:00:00.123Z", 1767225600, "٢٠٢٦-01-01T10:00:00Z"),
)
LISTS: tuple[Any, ...] = (
    *(None, [], ["a", "b"], [1, "x", None], [{"email": "q", "type": "cc", "n": 1}]),
    *([{"email": None}], [["a"]], [{"email": "z", "list": [{"v": 1}, {"v": 2}]}], "none"),
    *([None], [{}], [{}, "a", {"value": 2}], [{"email": {"of": "x"}}], [{"email": "z", "n": "1"}]),
    *([[[1]], {"email": "y"}], [{"cc": [1, 2]}, {"cc": ["1"]}], [True, False], [1.5, 2]),
)
OBJECTS: tuple[Any, ...] = (
    *(None, {}, {"campaign": 1}, {"other": "x"}, "text", ["a"], {"deep": {"er": {"est": 1}}}),
    *({"Campaign": "z", "campaign": "y"}, {"campaign": {}}, {"list": [{"n": 1}]}, 7, True),
)
DEEP: Any = {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": [1]}}}}}}}}}}}
ODDITIES: dict[str, tuple[Any, ...]] = {
    "opens": ("many", "7", 7.0, 7.5, True, None, 2**63 - 1, -(2**63)),
    "late": (1, 2, None),
    "later": ("x", 3, 2.5, True, None),
    "sent_at": TIMES,
    "metadata": OBJECTS,
    "recipients": LISTS,
    "big": (2**63 - 1, 2**63, -(2**63), 10**30, 5),
    "Status": ("SENT",),
    "score": (1, 2**53, 2**53 + 1, -5, 1e300, "x", None, float("inf")),
    "ok": (0, 1, "true", None, True),
    "subject": (1, True, 2.5, {"a": 1}, ["x"], "\x00", "007", "\uf0261.5", "é" * 300),
    "metadata__campaign": ("clash",),
    "tag": ("t", 1, None, "2026-01-01T00:00:00Z", DEEP),
    "list of things": ([{"a b": 1, "C": [{"d": 2}]}], []),
    "when": ("2026-01-01T00:00:00Z", "x", None),
    "": ("empty", ["empty"], None),
    "_dlt_parent_id": (1, [1]),
    "a__v_text": (1, "x"),
    "always_null": (None,),
    "x" * 200: ("long", [{"x" * 200: 1}]),
}


def odd_rows(seed: int, phase: int) -> list[Row]:
    """The rows of a list, as a function of a number and of the times that it was read before."""
    random = Random(seed * 10 + phase)
    number = random.choice([5, 30, 120])
    odd = random.sample(list(ODDITIES), random.choice([0, 1, 2, 4, 8]))
    begins = {field: random.randrange(number) for field in odd}
    share = random.choice([0.01, 0.3, 1])
    rows: list[Row] = []
    for at in range(number):
        row = _plain_row(random, at, is_text=seed % 2 == 0)
        for field in odd:
            if at >= begins[field] and random.random() < share:
                row[field] = random.choice(ODDITIES[field])
        if random.random() < share / 10:
            row.pop(random.choice(list(row)))
        if random.random() < share / 10:
            row = {field: row[field] for field in random.sample(list(row), len(row))}
        rows.append(row)
    return rows


def _plain_row(random: Random, at: int, *, is_text: bool) -> Row:
    return {
        "id": f"m{at}" if is_text else at + 1,
        "subject": random.choice(["hi", "hello é", "", None]),
        "tag": None,
        "metadata": {"campaign": random.choice(["a", "b", None]), "customer": f"c{at % 7}"},
        "recipients": [
            {"email": f"r{at}-{n}@x.example", "type": "to"} for n in range(random.choice([0, 1, 3]))
        ],
        "labels": ["x"] * random.choice([0, 2]),
        "sent_at": f"2026-01-{1 + at % 28:02}T10:00:0{at % 10}Z",
        "opens": random.randrange(9),
        "score": random.random(),
        "ok": random.random() < 0.5,
    }
