"""A small bar for a table's cell: from nothing to the 90th percentile of an error, with a mark at its median."""

from __future__ import annotations

from django.utils.safestring import SafeString

from planner.charts.svg import element, line, percent

HEIGHT = 16
MIDDLE = HEIGHT / 2


def spread_bar(median: float | None, p90: float | None, *, most: float) -> SafeString:
    """Drawn up to ``most``, without an end beyond it. The figures stand beside it: screen readers pass over it."""
    if median is None or p90 is None:
        return SafeString("")
    drawn = [line(0, MIDDLE, min(p90 / most, 1.0), MIDDLE, "spread-line")]
    if p90 <= most:
        drawn.append(line(p90 / most, MIDDLE - 4, p90 / most, MIDDLE + 4, "spread-end"))
    if median <= most:
        drawn.append(element("circle", cx=percent(median / most), cy=MIDDLE, r=4, class_="value"))
    return element(
        "svg",
        *drawn,
        class_="chart spread",
        width="100%",
        height=HEIGHT,
        aria_hidden="true",
        focusable="false",
    )
