"""The writing speed on a logarithmic scale beside the speed at which people read."""

from __future__ import annotations

import math

from django.utils.safestring import SafeString

from planner.charts.svg import anchor, chart, element, percent
from planner.plans.answer import Interval
from planner.plans.figures import number, rate, rate_range
from planner.plans.reading import READING_TPS

HEIGHT = 92
AXIS = 60


def bounds(interval: Interval) -> tuple[float, float]:
    """Powers of ten around the speed and the reading speed, at least from 1 to 100."""
    low = min(interval.low, READING_TPS.low, 1.0)
    high = max(interval.high, READING_TPS.high, 100.0)
    return 10.0 ** math.floor(math.log10(max(low, 1e-3))), 10.0 ** math.ceil(math.log10(high))


def speed_scale(interval: Interval) -> SafeString:
    """Draw the interval and its middle, and the band in which most adults read."""
    low, high = bounds(interval)

    def place(value: float) -> float:
        return min(max(math.log10(max(value, low) / low) / math.log10(high / low), 0.0), 1.0)

    drawn: list[SafeString] = []
    decades = round(math.log10(high / low))
    for step in range(decades + 1):
        value = low * 10**step
        x = place(value)
        drawn.append(element("line", x1=percent(x), x2=percent(x), y1=AXIS - 4, y2=AXIS + 4, class_="tick"))
        drawn.append(
            element(
                "text",
                number(value, max(0, -math.floor(math.log10(value)))),
                x=percent(x),
                y=AXIS + 22,
                text_anchor=anchor(x, edge=0.02),
                class_="tick-label",
                aria_hidden="true",
            )
        )
    drawn.insert(0, element("line", x1="0", x2="100%", y1=AXIS, y2=AXIS, class_="axis"))
    left, right = place(READING_TPS.low), place(READING_TPS.high)
    drawn.append(
        element(
            "rect",
            x=percent(left),
            width=percent(right - left),
            y=AXIS - 14,
            height=28,
            rx=2,
            class_="reading",
        )
    )
    middle = place(READING_TPS.value)
    drawn.append(
        element(
            "text",
            "people read",
            x=percent(middle),
            y=AXIS - 22,
            text_anchor=anchor(middle),
            class_="reading-label",
            aria_hidden="true",
        )
    )
    start, end, dot = place(interval.low), place(interval.high), place(interval.value)
    drawn.append(element("line", x1=percent(start), x2=percent(end), y1=AXIS, y2=AXIS, class_="interval"))
    drawn.append(element("circle", cx=percent(dot), cy=AXIS, r=7, class_="value"))
    # The two labels stand on two lines where they would meet.
    lifted = abs(dot - middle) < 0.3
    drawn.append(
        element(
            "text",
            "this machine writes",
            x=percent(dot),
            y=AXIS - (42 if lifted else 22),
            text_anchor=anchor(dot, edge=0.2),
            class_="value-label",
            aria_hidden="true",
        )
    )
    return chart(
        *drawn,
        title=f"Writing {rate(interval.value)} tokens a second beside reading {rate(READING_TPS.value)}",
        description=(
            f"This machine writes {rate_range(interval)} tokens a second; most adults read "
            f"{rate_range(READING_TPS)} tokens a second. Logarithmic scale."
        ),
        identity="speed-scale",
        height=HEIGHT,
        class_="speed-scale",
    )
