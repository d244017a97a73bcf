"""Bar charts as SVG: small, and without scripts, style sheets or references to anything outside.

They are drawn here because Dagster keeps every report in its event log: a chart takes 1 to 6
kilobytes, and one of a chart library 12 to 22, with a script or without a line at the limit.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from email_assets.redaction import redact_line

WIDTH = 760
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
INK, FAINT, GRID = "#1f2733", "#5d6b7e", "#e3e7ed"
CALM, LOUD = "#4f7fd6", "#d9493a"
"""The colours of bars below a limit, and above it."""
LONGEST_LABEL = 30
STEPS = tuple(part * 10.0**power for power in range(-4, 5) for part in (1, 2, 5))
"""The steps that may lie between two lines of a scale."""
LEFT, RIGHT, TOP = 56, 20, 56


@dataclass(frozen=True)
class Bar:
    """A bar and what is written at it."""

    label: str
    value: float | None
    """None leaves a gap."""
    text: str = ""


def rates_over_time(title: str, bars: Sequence[Bar], limit: float) -> str:
    """A column for each day's rate, with a line at the limit."""
    height, bottom = 300, 40
    base, room = height - bottom, height - bottom - TOP
    highest = max([limit, *(bar.value or 0 for bar in bars)]) * 1.1 or 1
    step = next(step for step in STEPS if highest / step <= 6 or step == STEPS[-1])
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(bars))

    def y(value: float) -> float:
        return base - room * value / highest

    drawn, values = [], []
    for number in range(int(highest / step) + 1):
        at = y(number * step)
        drawn.append(_line(LEFT, at, WIDTH - RIGHT, at, GRID))
        drawn.append(_text(LEFT - 8, at + 4, f"{number * step * 100:.3g} %", FAINT, anchor="end"))
    for place, bar in enumerate(bars):
        middle = LEFT + slot * (place + 0.5)
        if bar.value is not None:
            color, top = LOUD if bar.value > limit else CALM, y(bar.value)
            drawn.append(_rect(middle - slot * 0.36, top, slot * 0.72, base - top, color))
            values.append(_text(middle, top - 4, bar.text))
        if (len(bars) - 1 - place) % 5 == 0:
            drawn.append(_text(middle, base + 17, bar.label, FAINT, anchor="middle"))
    drawn.append(_line(LEFT, base, WIDTH - RIGHT, base, FAINT))
    drawn.append(_line(LEFT, y(limit), WIDTH - RIGHT, y(limit), INK, dash="6 4"))
    drawn.append(_limit_label(limit))
    # with an edge of white, so that they can be read on a line
    drawn.append(
        f'<g font-size="9" text-anchor="middle" fill="{INK}" stroke="#fff" stroke-width="3" '
        f'paint-order="stroke">{"".join(values)}</g>'
    )
    drawn.append(_text(LEFT, height - 6, "day in UTC", FAINT))
    return _svg(title, height, drawn)


def ranking(title: str, bars: Sequence[Bar], limit: float | None = None) -> str:
    """A row for each bar: its label, its length, and its text behind it."""
    left, right, row = 210, 150, 28
    height = TOP + row * len(bars) + 16
    highest = max([limit or 0, *(bar.value or 0 for bar in bars)]) or 1
    room = WIDTH - left - right
    drawn = []
    for place, bar in enumerate(bars):
        top, value = TOP + row * place, bar.value or 0
        color = LOUD if limit is not None and value > limit else CALM
        length = max(1.0, room * value / highest)
        drawn.append(_text(left - 10, top + 15, _short(bar.label), INK, anchor="end"))
        drawn.append(_rect(left, top + 2, length, row - 10, color))
        drawn.append(_text(left + length + 8, top + 15, bar.text, FAINT))
    if limit is not None:
        at = left + room * limit / highest
        drawn.append(_line(at, TOP - 4, at, height - 12, INK, dash="6 4"))
        drawn.append(_limit_label(limit))
    drawn.append(_line(left, TOP - 4, left, height - 12, FAINT))
    return _svg(title, height, drawn)


def as_image(svg: str, alt: str) -> str:
    """A chart in Markdown, whole: nothing is fetched to show it."""
    return f"![{alt}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _svg(title: str, height: int, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" font-size="12">'
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff"/>'
        f"{_text(16, 27, title, INK, size=16, weight=600)}{''.join(drawn)}</svg>"
    )


def _limit_label(limit: float) -> str:
    text = f"- - - max_bounce_rate: {limit * 100:.3g} %"
    return _text(WIDTH - RIGHT, 27, text, INK, anchor="end")


def _line(x1: float, y1: float, x2: float, y2: float, color: str, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.4g}" y1="{y1:.4g}" x2="{x2:.4g}" y2="{y2:.4g}" stroke="{color}"{dashed}/>'
    )


def _rect(x: float, y: float, width: float, height: float, color: str) -> str:
    return (
        f'<rect x="{x:.4g}" y="{y:.4g}" width="{width:.4g}" height="{height:.4g}" '
        f'rx="2" fill="{color}"/>'
    )


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


def _short(label: str) -> str:
    label = redact_line(label)  # before it is cut, by which an address would be one no more
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
