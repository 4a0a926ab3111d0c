"""A heat map: a grid of coloured cells, each with its figure or word, beside its rows' names, which stay in sight.

Two pictures of equal height stand side by side: the names, and the cells, which scroll where a page is narrow.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django.utils.safestring import SafeString, mark_safe

from planner.charts.svg import element, label

# pixels
NAMES, COLUMN, ROW, HEAD = 188, 56, 34, 164
OVERHANG = 84  # of the last column's slanted name
LETTERS = 27  # of a row's name in one line
HEAD_LETTERS = 25
SLANT = -55  # degrees
MINI_COLUMN, MINI_ROW = 10, 8


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell: the class of its colour, what stands in it, the same in words, and where it leads."""

    kind: str  # "step-0" … "step-6", "none", "unsure", "empty"
    text: str
    mark: str  # "tight" or "offload": a small shape before the figure
    words: str
    query: str  # "" where it leads nowhere


def in_lines(name: str, letters: int = LETTERS, most: int = 2) -> list[str]:
    """A name in at most so many lines; the last one is cut with "…" where it is longer."""
    return textwrap.wrap(name, letters, max_lines=most, placeholder=" …", break_on_hyphens=True) or [""]


def height(n_rows: int) -> int:
    """Pixels that a heat map of so many rows is high."""
    return HEAD + ROW * n_rows + 2


def heat_names(names: Sequence[str]) -> SafeString:
    """The names of the rows, beside the cells; the table beside it says them to screen readers."""
    drawn = []
    for row, name in enumerate(names):
        lines = in_lines(name)
        first = HEAD + ROW * row + ROW / 2 + (4 if len(lines) == 1 else -3)
        drawn.append(
            element(
                "g",
                element("title", name),
                *(label(text, 0, first + 14 * place, "heat-name") for place, text in enumerate(lines)),
            )
        )
    return element(
        "svg",
        *drawn,
        class_="chart heat-names",
        width=NAMES,
        height=height(len(names)),
        aria_hidden="true",
        focusable="false",
    )


def heat_cells(
    columns: Sequence[str], rows: Sequence[Sequence[HeatCell]], *, address: str, title: str, description: str
) -> SafeString:
    """The cells under their columns' slanted names; ``address`` + a cell's query is where it leads."""
    drawn = [_head(column, name) for column, name in enumerate(columns)]
    start = escape(address)
    for row, cells in enumerate(rows):
        drawn += [_cell(column, row, cell, start) for column, cell in enumerate(cells)]
    return element(
        "svg",
        element("title", title, id="heat-map-title"),
        element("desc", description, id="heat-map-desc"),
        element("g", *drawn, aria_hidden="true"),
        role="group",  # not "img", in which nothing may be a link
        aria_labelledby="heat-map-title",
        aria_describedby="heat-map-desc",
        class_="chart heat-cells",
        width=COLUMN * len(columns) + OVERHANG,
        height=height(len(rows)),
    )


def _head(column: int, name: str) -> SafeString:
    text = textwrap.shorten(name, HEAD_LETTERS, placeholder=" …")
    if text == "…":  # one word only
        text = name[: HEAD_LETTERS - 1] + "…"
    x, y = column * COLUMN + COLUMN / 2 + 4, HEAD - 8
    return element(
        "text",
        element("title", name),
        text,
        transform=f"translate({x:g} {y}) rotate({SLANT})",
        class_="heat-head",
        aria_hidden="true",
    )


def _cell(column: int, row: int, cell: HeatCell, start: str) -> SafeString:
    """One cell; written as text, for a page has hundreds of them."""
    x, y = column * COLUMN, HEAD + row * ROW
    if cell.kind == "empty":
        # made here alone
        return mark_safe(f'<text x="{x + COLUMN / 2:g}" y="{y + 21}" text-anchor="middle">–</text>')  # noqa: S308
    # A figure with a mark moves aside for it.
    at = x + COLUMN / 2 + (5 if cell.mark else 0)
    mark = (
        f'<use href="#mark-{cell.mark}" x="{at - 21:g}" y="{y + 12}" width="10" height="10"></use>'
        if cell.mark
        else ""
    )
    drawn = (
        f'<g class="heat-cell {cell.kind}"><title>{escape(cell.words)}</title>'
        f'<rect x="{x + 1}" y="{y + 1}" width="{COLUMN - 2}" height="{ROW - 2}" rx="3"></rect>{mark}'
        f'<text x="{at:g}" y="{y + 21}" text-anchor="middle">{escape(cell.text)}</text></g>'
    )
    if cell.query:
        # not reached by the keyboard: the table beside it has the same links, in order
        drawn = f'<a href="{start}?{escape(cell.query)}" tabindex="-1">{drawn}</a>'
    # Every part above is escaped or made here.
    return mark_safe(drawn)  # noqa: S308


def heat_table(
    names: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[HeatCell]],
    *,
    address: str,
    caption: str,
) -> SafeString:
    """The same as a table, every cell in words; written as text, like the cells."""
    start = escape(address)
    heads = "".join(f'<th scope="col" class="num">{escape(name)}</th>' for name in columns)
    lines = []
    for name, cells in zip(names, rows, strict=True):
        drawn = "".join(_table_cell(cell, start) for cell in cells)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{drawn}</tr>')
    # Every part is escaped or made here.
    return mark_safe(  # noqa: S308
        f'<table class="wide heat-table"><caption class="unseen">{escape(caption)}</caption>'
        f'<thead><tr><th scope="col">Machine</th>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )


def _table_cell(cell: HeatCell, start: str) -> str:
    if not cell.query:
        words = f'<span class="unseen">{escape(cell.words)}</span>'
        return f'<td class="num"><span class="dim" aria-hidden="true">–</span>{words}</td>'
    mark = f' <span class="tag">{cell.mark}</span>' if cell.mark else ""
    text = f'{escape(cell.text)}{mark}<span class="unseen">. {escape(cell.words)}</span>'
    return f'<td class="num"><a href="{start}?{escape(cell.query)}">{text}</a></td>'


def heat_legend(steps: Sequence[tuple[str, str]]) -> SafeString:
    """Swatches of the colours with what they mean: (class, words)."""
    drawn = []
    for kind, words in steps:
        swatch = element(
            "svg",
            element("rect", width=18, height=14, rx=3),
            width=18,
            height=14,
            class_=f"heat-cell {kind}",
            aria_hidden="true",
        )
        drawn.append(element("li", swatch, SafeString(" "), words))
    return element("ul", *drawn, class_="heat-legend")


def small_heat_map(rows: Sequence[Sequence[str]], *, title: str, description: str) -> SafeString:
    """The pattern alone: one small rectangle for each cell, coloured by its class; figures are a click away."""
    n_columns = max((len(row) for row in rows), default=0)
    places: dict[str, list[str]] = {}
    for row, kinds in enumerate(rows):
        for column, kind in enumerate(kinds):
            if kind != "empty":
                places.setdefault(kind, []).append(
                    f"M{column * MINI_COLUMN} {row * MINI_ROW}h{MINI_COLUMN - 1}v{MINI_ROW - 1}h-{MINI_COLUMN - 1}z"
                )
    # one path for each colour
    drawn = [
        element("path", d="".join(found), class_=f"heat-cell {kind}")
        for kind, found in sorted(places.items())
    ]
    return element(
        "svg",
        element("title", title, id="small-heat-map-title"),
        element("desc", description, id="small-heat-map-desc"),
        *drawn,
        role="img",
        aria_labelledby="small-heat-map-title",
        aria_describedby="small-heat-map-desc",
        class_="chart small-heat-map",
        viewBox=f"0 0 {n_columns * MINI_COLUMN} {len(rows) * MINI_ROW}",
        width=n_columns * MINI_COLUMN,
    )
