"""Any lists of an API: strategies of hypothesis."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from email_assets_tests.api.simulated import Change, SimulatedApi
from email_assets_tests.api.simulated_answers import Ending, Total

NOTHING = frozenset[int]()


def changes(*what: str, most: int = 4, longest: int = 30) -> st.SearchStrategy[list[list[Change]]]:
    """Changes of these kinds that a list goes through after each answer."""
    change: st.SearchStrategy[Any] = st.tuples(
        st.sampled_from(what), st.sampled_from(["head", "middle", "end"])
    )
    return st.lists(st.lists(change, max_size=most), max_size=longest)


ANY = changes("insert", "delete", "update")
EITHER = changes("insert", "update") | changes("delete", "update")
"""Rows that move one way only."""
QUIET = 12
"""Answers between changes that move rows up and others that move them down again."""


@st.composite
def in_turn(draw: st.DrawFn) -> list[list[Change]]:
    """Rows that move one way, and some answers later the other way.

    Where pages cannot overlap, a row that moves up to the page that was read and down again before
    that page is looked at again is on none that is asked for. No client could see that.
    """
    found = list[list[Change]]()
    for what in draw(st.lists(st.sampled_from(["insert", "delete"]), max_size=4)):
        found += draw(changes(what, "update", longest=4))
        found += [[] for _ in range(QUIET)]
    return found


STILL = st.just(list[list[Change]]())
ARRIVAL: st.SearchStrategy[Change] = st.tuples(
    st.sampled_from(["insert", "update"]), st.sampled_from(["head", "end"])
)
APPEND: st.SearchStrategy[Any] = st.lists(
    st.lists(st.tuples(st.sampled_from(["insert", "update"]), st.just("end")), max_size=3),
    max_size=30,
)
ARRIVE = st.lists(st.lists(ARRIVAL, max_size=3), max_size=30)
"""Rows come at either end, as they do in lists of an API."""

TOTALS: tuple[Total, ...] = ("honest", "none", "lags", "page", "text", "small", "large", "pages")
TELLING: tuple[Total, ...] = ("honest", "text", "large")
"""Totals by which it can be known that a page left rows out."""
ANSWERS = st.frozensets(st.integers(0, 12), max_size=2)
REPLICAS = st.frozensets(st.integers(0, 30), max_size=12)
IN_FLIGHT = st.sampled_from([1, 8, 64])
ENDINGS: st.SearchStrategy[Ending] = st.sampled_from(get_args(Ending))


def stretch(first: int) -> frozenset[int]:
    """Rows that stand beside each other."""
    return frozenset(range(first, 2 * first + 1))


@st.composite
def apis(draw: st.DrawFn, /, **fixed: Any) -> SimulatedApi:
    """An API of which anything may be odd that is not fixed, by a value or a strategy."""
    odd: dict[str, Any] = {
        "count": st.integers(0, 60),
        "changes": ANY,
        "total": st.sampled_from(TOTALS),
        # a page of one row leaves no room for an overlap
        "caps": st.one_of(st.just([1000]), st.lists(st.integers(2, 12), min_size=1, max_size=4)),
        "hidden": st.one_of(st.just(NOTHING), st.builds(stretch, st.integers(0, 40))),
        "twice": ANSWERS,
        "empty": ANSWERS,
        "behind": st.one_of(st.just(NOTHING), REPLICAS),
        "lag": st.integers(1, 5),
    }
    found = {
        name: draw(value) if isinstance(value, st.SearchStrategy) else value
        for name, value in (odd | fixed).items()
    }
    if found["total"] not in TELLING:
        # without a total that tells, nobody can know of rows that a page leaves out
        found |= {"hidden": NOTHING, "empty": NOTHING}
    if found["total"] in ("page", "pages") and found.get("kind", "offset") == "offset":
        # a first page that is shorter than asked for, and counts itself, is all there is
        found["caps"] = [1000]
    return SimulatedApi(**found)
