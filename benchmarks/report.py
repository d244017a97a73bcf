"""The results as Markdown, which reads well in a terminal too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from results import Results, cpu, peak, wall
from rounds import Measurement
from targets import targets
from variants import OURS, VARIANTS, Variant

INTRODUCTION = """\
Made by `make bench`. Every variant syncs `messages`, with their nested list of recipients, and
`bounces` from the same sandbox into a DuckDB file of its own, a hundred rows a request. Variants
take turns within a round; figures are medians of the rounds, ratios are taken within a round. Each
is a whole process tree, from start to end; the sandbox runs beside it and is not counted. A time
counts only if the warehouse then holds the API's rows, compared value by value. Times differ from
one machine to another; ratios should less."""


def report(
    results: Results, machine: Sequence[str], missing: dict[str, str], in_flight: int
) -> list[str]:
    """Everything that was found, in paragraphs."""
    parts = ["# Speed", INTRODUCTION, "\n".join(f"- {line}" for line in machine)]
    parts += [f"{in_flight} requests in flight for `email_assets` and the bare script."]
    if results.measurements:
        parts += ["## Syncs", table(list(_syncs(results, missing)))]
    if results.extracts:
        parts += ["## Extract alone", table(list(_extracts(results)))]
    if found := results.in_flight:
        parts += [
            f"## Requests in flight\n\nWhile {found.latency} ms pass before an answer, of at most "
            f"{found.most}: {found.first:.1f} on average in a first sync, and {found.again:.1f} in "
            "one in which nothing is new. A request counts from when it is made until its answer "
            "is parsed."
        ]
    if results.million:
        parts += ["## A million rows", table(list(_million(results.million)))]
    if results.start_ups:
        parts += ["## Start-up of the command line", table(list(_start_ups(results)))]
    return parts


def target_table(results: Results) -> list[str]:
    """The project's targets beside its results, in paragraphs."""
    return ["## Targets", table(list(_targets(results)))]


def _syncs(results: Results, missing: dict[str, str]) -> Iterator[list[str]]:
    yield [
        *("latency", "rows", "scenario", "variant", "wall s", "CPU s", "peak MB", "requests"),
        *("to fastest peer", "to bare script", "to dlt"),
    ]
    for latency, scenario in results.groups():
        for variant in VARIANTS:
            if found := results.of(latency, scenario, variant.key):
                rows = f"{found[0].rows:,}"
                figures = _figures(results, latency, scenario, variant)
            elif variant.environment.name in missing:
                rows, figures = "", ["not installed", *[""] * 6]
            else:
                continue
            yield [f"{latency} ms", rows, scenario, variant.name, *figures]


def _figures(results: Results, latency: int, scenario: str, variant: Variant) -> list[str]:
    found = results.of(latency, scenario, variant.key)
    problems = [m.problem for m in found if m.problem]
    if problems:
        return [problems[0], *[""] * 6]
    group = latency, scenario
    others = results.fastest_peer(*group), "bare", results.plain_dlt(*group)
    return [
        f"{results.median(*group, variant.key, wall):.1f}",
        f"{results.median(*group, variant.key, cpu):.1f}",
        f"{results.median(*group, variant.key, peak):,.0f}",
        f"{max(m.requests for m in found):,}",
        *(_ratio(results.ratio(*group, variant.key, other, wall)) for other in others),
    ]


def _extracts(results: Results) -> Iterator[list[str]]:
    yield ["latency", "pages in flight", "rows", "seconds", "rows a second", "to dlt"]
    plain = {e.latency: e for e in results.extracts if e.in_flight == 1}
    for extract in results.extracts:
        alone = plain.get(extract.latency)
        yield [
            f"{extract.latency} ms",
            "dlt, 1" if extract.in_flight == 1 else str(extract.in_flight),
            f"{extract.rows:,}",
            f"{extract.seconds:.1f}",
            f"{extract.rate:,.0f}",
            _ratio(extract.rate / alone.rate if alone else None),
        ]


def _million(found: Measurement) -> Iterator[list[str]]:
    yield ["latency", "rows", "scenario", "variant", "wall s", "CPU s", "peak MB", "requests"]
    usage = found.usage
    figures = [f"{usage.wall:.1f}", f"{usage.cpu:.1f}", f"{usage.peak:,.0f}", f"{found.requests:,}"]
    case = [f"{found.case.milliseconds} ms", f"{found.rows:,}", found.case.scenario, OURS.name]
    yield [*case, *([found.problem, "", "", ""] if found.problem else figures)]


def _start_ups(results: Results) -> Iterator[list[str]]:
    yield ["round", "five small assets, s", "a trivial asset, s", "ratio"]
    for number, found in enumerate(results.start_ups, 1):
        ratio = _ratio(found.five / found.trivial)
        yield [str(number), f"{found.five:.1f}", f"{found.trivial:.1f}", ratio]


def _targets(results: Results) -> Iterator[list[str]]:
    yield ["of `email_assets`, at 20 ms unless it says otherwise", "target", "reached", "met"]
    for target in targets(results):
        met = {None: "", True: "yes", False: "no"}[target.met]
        yield [target.what, target.wanted, target.reached or "not measured", met]


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def table(rows: list[list[str]]) -> str:
    """Rows, the first of which is the head, as Markdown."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)
