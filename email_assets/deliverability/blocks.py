"""The parts of a report, and how they look in Markdown, in HTML and as plain text."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TypeAlias

from email_assets.deliverability.charts import DARK
from email_assets.redaction import redact_line

STYLE = """
:root{color-scheme:light dark;
--paper:#f4f6f9;--card:#fff;--ink:#1f2733;--faint:#5d6b7e;--line:#e3e7ed}
@media(prefers-color-scheme:dark){
:root{--paper:#0f1319;--card:#171c24;--ink:#e6eaf0;--faint:#9aa7b8;--line:#2b3340}
%s}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif}
main{max-width:800px;margin:0 auto;padding:24px 16px}
h1{font-size:1.6em}h2{font-size:1.2em;margin:2em 0 .5em}
svg{width:100%%;height:auto;display:block;margin:16px 0;border-radius:8px}
div{overflow-x:auto;margin:16px 0}
table{border-collapse:collapse;width:100%%;background:var(--card);font-size:.9em}
th,td{padding:6px 12px;border-bottom:1px solid var(--line);text-align:right}
th{color:var(--faint);font-weight:600}
th:first-child,td:first-child{text-align:left;min-width:13em;overflow-wrap:anywhere}
"""


@dataclass(frozen=True)
class Heading:
    """The title of what follows."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    points: Sequence[str]


@dataclass(frozen=True)
class Picture:
    """A chart."""

    svg: str
    alt: str


@dataclass(frozen=True)
class Table:
    """Rows of texts; the first column names what the others count."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]] = field(default=())

    def without(self, *names: str) -> Table:
        """The table without some columns, if it has them."""
        kept = [at for at, name in enumerate(self.columns) if name not in names]
        return Table(
            [self.columns[at] for at in kept], [[row[at] for at in kept] for row in self.rows]
        )


Block: TypeAlias = "Heading | Text | Points | Picture | Table"


def as_markdown(blocks: Iterable[Block]) -> str:
    """A report for Dagster's catalog, with its charts in it: nothing is fetched to show it."""
    return "\n\n".join(_lines(block, _plain) for block in blocks)


def as_text(blocks: Iterable[Block]) -> str:
    """A report without its charts, for a terminal or a chat."""
    return "\n\n".join(
        _lines(block, redact_line) for block in blocks if not isinstance(block, Picture)
    )


def as_html(title: str, blocks: Iterable[Block]) -> str:
    """A page that is whole, in light and dark, and fetches nothing."""
    dark = "".join(
        f'svg [{name}="{color}"]{{{name}:{other}}}'
        for color, other in DARK.items()
        for name in ("fill", "stroke")
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{_escaped(title)}</title><style>{STYLE % dark}</style></head>"
        f"<body><main><h1>{_escaped(title)}</h1>\n"
        + "\n".join(map(_html, blocks))
        + "\n</main></body></html>\n"
    )


def _lines(block: Block, clean: Callable[[str], str]) -> str:
    """A part in Markdown, with each text cleaned by a function."""
    if isinstance(block, Heading):
        return f"## {clean(block.text)}"
    if isinstance(block, Text):
        return clean(block.text)
    if isinstance(block, Points):
        return "\n".join(f"- {clean(point)}" for point in block.points)
    if isinstance(block, Picture):
        image = base64.b64encode(block.svg.encode()).decode()
        return f"![{block.alt}](data:image/svg+xml;base64,{image})"
    rules = ["---", *["---:"] * (len(block.columns) - 1)]
    cells = [[clean(cell).replace("|", "\\|") for cell in row] for row in block.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (block.columns, rules, *cells))


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{_escaped(block.text)}</h2>"
    if isinstance(block, Text):
        return f"<p>{_escaped(block.text)}</p>"
    if isinstance(block, Points):
        return f"<ul>{''.join(f'<li>{_escaped(point)}</li>' for point in block.points)}</ul>"
    if isinstance(block, Picture):
        return block.svg.replace("<svg ", f'<svg aria-label="{_escaped(block.alt)}" ', 1)
    head = "".join(f"<th>{_escaped(column)}</th>" for column in block.columns)
    rows = ("".join(f"<td>{_escaped(cell)}</td>" for cell in row) for row in block.rows)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _escaped(text: str) -> str:
    return escape(redact_line(text))


def _plain(text: str) -> str:
    """A line in which nothing is taken for a tag or a link."""
    return redact_line(text).replace("<", "&lt;").replace("[", "\\[")
