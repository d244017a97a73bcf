"""Every row that is there from beginning to end is read, or somebody is told; and it ends."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from email_assets.api.offset import ListOffsetPaginator
from email_assets.api.windows import WindowPaginator
from email_assets_tests.api.simulated import Change, SimulatedApi, Total, read

LIMIT = 8
NOTHING = frozenset[int]()

CHANGE: st.SearchStrategy[Change] = st.tuples(
    st.sampled_from(["insert", "delete", "update"]), st.sampled_from(["head", "middle", "end"])
)
CHANGES = st.lists(st.lists(CHANGE, max_size=4), max_size=30)
ARRIVAL: st.SearchStrategy[Change] = st.tuples(
    st.sampled_from(["insert", "update"]), st.sampled_from(["head", "end"])
)
ARRIVE = st.lists(st.lists(ARRIVAL, max_size=3), max_size=30)
STILL = st.just(list[list[Change]]())
TOTALS: tuple[Total, ...] = ("honest", "none", "lags", "page", "text", "small", "large", "pages")
ANSWERS = st.frozensets(st.integers(0, 12), max_size=2)


def rows(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "v": 0} for number in range(count)]


def by_offset(api: SimulatedApi, **options: Any) -> WindowPaginator:
    total_path = None if api.total == "none" else "total"
    pages = ListOffsetPaginator(
        "messages", "data", ["id"], limit=LIMIT, total_path=total_path, **options
    )
    return WindowPaginator("messages", pages)


@st.composite
def apis(draw: st.DrawFn, /, **fixed: Any) -> SimulatedApi:
    """An API of which anything may be odd that is not fixed."""
    odd: dict[str, st.SearchStrategy[Any]] = {
        "changes": CHANGES,
        "total": st.sampled_from(TOTALS),
        # a page of one row leaves no room for an overlap
        "caps": st.one_of(st.just([1000]), st.lists(st.integers(2, 12), min_size=1, max_size=4)),
        "hidden": st.one_of(st.just(NOTHING), st.builds(stretch, st.integers(0, 40))),
        "twice": ANSWERS,
        "empty": ANSWERS,
        "behind": ANSWERS,
    }
    given_rows = rows(draw(st.integers(0, 60)))
    odd |= {name: of for name, of in fixed.items() if isinstance(of, st.SearchStrategy)}
    plain = {name: of for name, of in fixed.items() if not isinstance(of, st.SearchStrategy)}
    found = {name: plain[name] if name in plain else draw(of) for name, of in odd.items()}
    if found["total"] not in ("honest", "text", "large"):
        # without a total that tells, nobody can know of rows that a page leaves out
        found |= {"hidden": NOTHING, "empty": NOTHING}
    if found["total"] in ("page", "pages"):
        # a first page that is shorter than asked for, and counts itself, is all there is
        found["caps"] = [1000]
    return SimulatedApi(given_rows, **(plain | found))


def stretch(first: int) -> frozenset[int]:
    return frozenset(range(first, 2 * first + 1))


IN_FLIGHT = st.sampled_from([1, 8, 64])


@given(apis(behind=NOTHING), IN_FLIGHT)
def test_no_row_is_lost_in_silence(api: SimulatedApi, in_flight: int) -> None:
    found = read(by_offset(api), api, in_flight)
    assert found.error or found.missing or api.stayed <= found.ids


@given(apis(rounds=True, behind=NOTHING, caps=[1000]))
def test_no_row_is_lost_in_silence_where_offsets_are_rounded_to_pages(api: SimulatedApi) -> None:
    found = read(by_offset(api), api)
    assert found.error or found.missing or api.stayed <= found.ids


@given(
    apis(behind=NOTHING, hidden=NOTHING, empty=NOTHING, changes=ARRIVE).filter(
        lambda api: api.total != "large"
    ),
    IN_FLIGHT,
)
def test_what_arrives_meanwhile_is_no_cause_for_a_warning(
    api: SimulatedApi, in_flight: int
) -> None:
    found = read(by_offset(api), api, in_flight)
    assert (found.error, found.missing) == (None, 0)
    assert api.stayed <= found.ids


@given(apis(behind=NOTHING, hidden=NOTHING, empty=NOTHING, changes=STILL, total="honest"))
def test_a_list_that_holds_still_takes_hardly_more_requests_than_it_has_pages(
    api: SimulatedApi,
) -> None:
    found = read(by_offset(api), api)
    assert (found.error, found.missing, found.ids) == (None, 0, api.stayed)
    smallest = min(LIMIT, *api.caps)
    assert api.requests <= 2 + len(api.rows) / (smallest - 1) * (2 if len(set(api.caps)) > 1 else 1)
