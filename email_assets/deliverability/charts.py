"""Bar charts as SVG: small, and without scripts, style sheets or references to anything outside.

They are drawn here because Dagster keeps every report in its event log: a chart takes 1 to 6
kilobytes, and one of a chart library 12 to 22, with a script or without a line at the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from email_assets.deliverability.figures import percent, percents, short_count
from email_assets.redaction import redact_line

WIDTH = 760
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
PAPER, INK, FAINT, GRID = "#fff", "#1f2733", "#5d6b7e", "#e3e7ed"
CALM, LOUD, CALM_SO_FAR, LOUD_SO_FAR = "#4f7fd6", "#d9493a", "#b9ccef", "#f0b6af"
"""The colours of bars below a limit and above it, and of a day that is not over."""
DARK = {
    **{PAPER: "#171c24", INK: "#e6eaf0", FAINT: "#9aa7b8", GRID: "#2b3340"},
    **{CALM: "#6f9bee", LOUD: "#f0695b", CALM_SO_FAR: "#3a5180", LOUD_SO_FAR: "#7d3a34"},
}
"""Each colour's counterpart on a dark page."""
LONGEST_LABEL = 30
NOTHING = "·"
"""Stands where a day without messages has no column."""
MOST_NUMBERED = 31
"""Columns that have room for a number above each."""
LABELS = 6
"""Days that are named below the columns, about."""
NEAR = 0.5
"""The part of a limit from which on the data is near it; below, a line there would flatten it."""
STEPS = tuple(part * 10.0**power for power in range(-5, 10) for part in (1, 2, 5))
"""The steps that may lie between two lines of a scale."""
LEFT, RIGHT, TOP = 56, 20, 56


@dataclass(frozen=True)
class Bar:
    """A bar and what is written at it."""

    label: str
    value: float | None
    """None where there is nothing to measure."""
    text: str = ""
    so_far: bool = False
    """True if more is to come."""


@dataclass(frozen=True)
class Limit:
    """A share that is not to be passed, by the name of its setting."""

    name: str
    share: float

    def is_near(self, bars: Iterable[Bar]) -> bool:
        """True if the line belongs onto the scale of these bars."""
        return max((bar.value or 0 for bar in bars), default=0) >= self.share * NEAR

    def label(self, is_near: bool) -> str:
        """The words for the chart's corner."""
        return f"{'- - - ' if is_near else ''}{self.name}: {percent(self.share)}" + (
            "" if is_near else ", beyond this scale"
        )


def counts_over_time(title: str, bars: Sequence[Bar]) -> str:
    """A column for each day's count."""
    return _over_time(title, bars, short_count, lambda at: f"{at:,.0f}", least_step=1)


def rates_over_time(title: str, bars: Sequence[Bar], limit: Limit) -> str:
    """A column for each day's rate, with a line at the limit where it is near."""
    return _over_time(title, bars, percents, lambda at: f"{at * 100:,.10g} %", limit)


def _over_time(
    title: str,
    bars: Sequence[Bar],
    number: Callable[[float], str],
    written: Callable[[float], str],
    limit: Limit | None = None,
    least_step: float = 0,
) -> str:
    height, bottom = 300, 56
    base, room = height - bottom, height - bottom - TOP
    is_near = limit is not None and limit.is_near(bars)
    reached = [bar.value or 0 for bar in bars] + ([limit.share] if limit and is_near else [])
    highest = max(reached, default=0) * 1.1 or (0.01 if limit else 1)
    step = next(one for one in STEPS if one >= least_step and highest / one <= 6)
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(bars))

    def y(value: float) -> float:
        return base - room * value / highest

    drawn, boxes, numbers = list[str](), dict[str, list[str]](), list[str]()
    for line in range(int(highest / step) + 1):
        at = y(line * step)
        drawn.append(_line(LEFT, at, WIDTH - RIGHT, at, GRID))
        drawn.append(_text(LEFT - 8, at + 4, written(line * step), FAINT, anchor="end"))
    apart = max(1, -(-len(bars) // LABELS))
    for place, bar in enumerate(bars):
        middle = LEFT + slot * (place + 0.5)
        if bar.value is None:
            drawn.append(_text(middle, base - 4, NOTHING, FAINT, anchor="middle"))
        else:
            color, top = _color(bar, limit), y(bar.value)
            boxes.setdefault(color, []).append(
                _box(middle - slot * 0.36, top, slot * 0.72, base - top)
            )
            if len(bars) <= MOST_NUMBERED:
                numbers.append(_text(middle, top - 4, number(bar.value) if bar.value else "0"))
        if (len(bars) - 1 - place) % apart == 0:
            drawn.append(_text(middle, base + 17, bar.label, FAINT, anchor="middle"))
    drawn += [f'<path fill="{color}" d="{"".join(of)}"/>' for color, of in boxes.items()]
    drawn.append(_line(LEFT, base, WIDTH - RIGHT, base, FAINT))
    if limit:
        drawn += _limit(limit, is_near, LEFT, y(limit.share), WIDTH - RIGHT, y(limit.share))
    # with an edge of the paper's colour, so that they can be read on a line
    drawn.append(
        f'<g font-size="9" text-anchor="middle" fill="{INK}" stroke="{PAPER}" stroke-width="3" '
        f'paint-order="stroke">{"".join(numbers)}</g>'
    )
    drawn.append(_text(LEFT, height - 10, _legend(bars), FAINT))
    return _svg(title, height, drawn)


def _legend(bars: Sequence[Bar]) -> str:
    parts = ["day in UTC"]
    if any(bar.so_far for bar in bars):
        parts.append("pale: today so far")
    if any(bar.value is None for bar in bars):
        parts.append(f"{NOTHING} no messages")
    return "; ".join(parts)


def ranking(title: str, bars: Sequence[Bar], limit: Limit | None = None) -> str:
    """A row for each bar: its label, its length, and its text behind it."""
    left, right, row = 230, 150, 28
    height = TOP + row * len(bars) + 16
    is_near = limit is not None and limit.is_near(bars)
    reached = [bar.value or 0 for bar in bars] + ([limit.share] if limit and is_near else [])
    highest = max(reached, default=0) or 1
    room = WIDTH - left - right
    drawn, boxes = list[str](), dict[str, list[str]]()
    for place, bar in enumerate(bars):
        top = TOP + row * place
        length = max(1.0, room * (bar.value or 0) / highest) if bar.value is not None else 0
        boxes.setdefault(_color(bar, limit), []).append(_box(left, top + 2, length, row - 10))
        drawn.append(_text(left - 10, top + 15, cut(bar.label), INK, anchor="end"))
        drawn.append(_text(left + length + 8, top + 15, bar.text, FAINT))
    drawn += [f'<path fill="{color}" d="{"".join(of)}"/>' for color, of in boxes.items()]
    if limit:
        at = left + room * limit.share / highest
        drawn += _limit(limit, is_near, at, TOP - 4, at, height - 12)
    drawn.append(_line(left, TOP - 4, left, height - 12, FAINT))
    return _svg(title, height, drawn)


def cut(label: str) -> str:
    """A label that fits, without its middle if it is long: senders differ at either end."""
    label = redact_line(label)  # before it is cut, by which an address would be one no more
    if len(label) <= LONGEST_LABEL:
        return label
    half = (LONGEST_LABEL - 1) // 2
    return f"{label[: LONGEST_LABEL - 1 - half]}…{label[-half:]}"


def _color(bar: Bar, limit: Limit | None) -> str:
    if limit is not None and (bar.value or 0) > limit.share:
        return LOUD_SO_FAR if bar.so_far else LOUD
    return CALM_SO_FAR if bar.so_far else CALM


def _limit(limit: Limit, is_near: bool, x1: float, y1: float, x2: float, y2: float) -> list[str]:
    """The words for a limit, and a line at it where it is near."""
    line = [_line(x1, y1, x2, y2, INK, dash="6 4")] if is_near else []
    return [*line, _text(WIDTH - RIGHT, 27, limit.label(is_near), INK, anchor="end")]


def _svg(title: str, height: int, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" font-size="12" role="img">'
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="{PAPER}"/>'
        f"{_text(16, 27, title, INK, size=16, weight=600)}{''.join(drawn)}</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.4g}" y1="{y1:.4g}" x2="{x2:.4g}" y2="{y2:.4g}" stroke="{color}"{dashed}/>'
    )


def _box(x: float, y: float, width: float, height: float) -> str:
    """A rectangle as a part of a path, in which many take little room."""
    return f"M{x:.4g} {y:.4g}h{width:.4g}v{height:.4g}h-{width:.4g}z"


def _text(
    x: float,
    y: float,
    text: str,
    color: str | None = None,
    *,
    size: int | None = None,
    weight: int | None = None,
    anchor: str | None = None,
) -> str:
    extra = {"fill": color, "font-size": size, "font-weight": weight, "text-anchor": anchor}
    attributes = "".join(f' {name}="{value}"' for name, value in extra.items() if value)
    return f'<text x="{x:.4g}" y="{y:.4g}"{attributes}>{escape(redact_line(text))}</text>'
