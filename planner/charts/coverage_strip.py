"""How often intervals held in each group: a dot for each on one axis, stacked where they would meet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from planner.charts.svg import anchor, chart, element, label, line, percent

DOT = 11  # pixels from dot to dot in a stack
LOWEST, HIGHEST = 0.70, 1.0
STEP = 0.01  # shares that are told apart


@dataclass(frozen=True, slots=True)
class Group:
    """A group's name and the share of its rows inside their intervals."""

    name: str
    covered: float
    within: bool


def place(covered: float) -> float:
    """Where a share stands, from 0 to 1; what lies below the axis stands at its beginning."""
    return min(max((covered - LOWEST) / (HIGHEST - LOWEST), 0.0), 1.0)


def coverage_strip(
    groups: Sequence[Group], *, nominal: float, wanted: tuple[float, float], description: str
) -> SafeString:
    """Draw the groups, the band in which they should lie and the nominal share."""
    columns = [max(math.floor(group.covered / STEP + 0.5), round(LOWEST / STEP)) for group in groups]
    tallest = max(Counter(columns).values(), default=1)
    base = 26 + DOT * tallest
    drawn = [
        element(
            "rect",
            x=percent(place(wanted[0])),
            y=18,
            width=percent(place(wanted[1]) - place(wanted[0])),
            height=base - 18,
            class_="wanted",
        ),
        line(place(nominal), 18, place(nominal), base, "nominal"),
        label(f"{nominal:.0%} is meant", place(nominal), 12, "note", end="middle"),
        line(0, base, 1, base, "axis"),
    ]
    for tick in range(round(100 * LOWEST), round(100 * HIGHEST) + 1, 5):
        x = place(tick / 100)
        drawn += [
            line(x, base, x, base + 4, "tick"),
            label(f"{tick} %", x, base + 20, "tick-label", end=anchor(x, edge=0.02)),
        ]
    stacked: Counter[int] = Counter()
    for group, column in sorted(zip(groups, columns, strict=True), key=lambda pair: pair[0].name):
        stacked[column] += 1
        drawn.append(
            element(
                "circle",
                element("title", f"{group.name}: {group.covered:.1%}"),
                cx=percent(place(column * STEP)),
                cy=base - DOT * (stacked[column] - 0.5),
                r=4.5,
                class_="group" if group.within else "group off",
            )
        )
    return chart(
        *drawn,
        title="How often the interval held, by group",
        description=description,
        identity="coverage-strip",
        height=round(base + 26),
        class_="coverage-strip",
    )
