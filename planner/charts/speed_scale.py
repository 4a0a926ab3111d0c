"""The writing speed on a logarithmic scale beside the speed at which people read."""

from __future__ import annotations

import math
from collections.abc import Callable

from django.utils.safestring import SafeString

from planner.charts.reading import READING_TPS
from planner.charts.svg import anchor, chart, element, label, line, percent
from planner.figures import Range, number, rate, rate_range

HEIGHT = 92
AXIS = 60
Place = Callable[[float], float]


def bounds(interval: Range) -> tuple[float, float]:
    """Powers of ten around the speed and the reading speed, at least from 1 to 100."""
    low = min(interval.low, READING_TPS.low, 1.0)
    high = max(interval.high, READING_TPS.high, 100.0)
    return 10.0 ** math.floor(math.log10(max(low, 1e-3))), 10.0 ** math.ceil(math.log10(high))


def speed_scale(interval: Range) -> SafeString:
    """Draw the interval and its middle, and the band in which most adults read."""
    low, high = bounds(interval)

    def place(value: float) -> float:
        return min(max(math.log10(max(value, low) / low) / math.log10(high / low), 0.0), 1.0)

    return chart(
        *draw_axis(low, high, place),
        *draw_reading(place),
        *draw_speed(interval, place),
        title=f"Writing {rate(interval.value)} tokens a second beside reading {rate(READING_TPS.value)}",
        description=(
            f"This machine writes {rate_range(interval)} tokens a second; most adults read "
            f"{rate_range(READING_TPS)} tokens a second. Logarithmic scale."
        ),
        identity="speed-scale",
        height=HEIGHT,
        class_="speed-scale",
    )


def draw_axis(low: float, high: float, place: Place) -> list[SafeString]:
    """The axis with a tick at every power of ten."""
    drawn = [line(0, AXIS, 1, AXIS, "axis")]
    for step in range(round(math.log10(high / low)) + 1):
        value = low * 10**step
        x = place(value)
        text = number(value, max(0, -math.floor(math.log10(value))))
        drawn.append(line(x, AXIS - 4, x, AXIS + 4, "tick"))
        drawn.append(label(text, x, AXIS + 22, "tick-label", end=anchor(x, edge=0.02)))
    return drawn


def draw_reading(place: Place) -> list[SafeString]:
    """The band in which most adults read."""
    left, right, middle = place(READING_TPS.low), place(READING_TPS.high), place(READING_TPS.value)
    band = element(
        "rect",
        x=percent(left),
        width=percent(right - left),
        y=AXIS - 14,
        height=28,
        rx=2,
        class_="reading",
    )
    return [band, label("people read", middle, AXIS - 22, "reading-label", end=anchor(middle))]


def draw_speed(interval: Range, place: Place) -> list[SafeString]:
    """The interval and its middle; the name a line higher where it would meet the reading band's."""
    dot = place(interval.value)
    lifted = abs(dot - place(READING_TPS.value)) < 0.3
    return [
        line(place(interval.low), AXIS, place(interval.high), AXIS, "interval"),
        element("circle", cx=percent(dot), cy=AXIS, r=7, class_="value"),
        label(
            "this machine writes",
            dot,
            AXIS - (42 if lifted else 22),
            "value-label",
            end=anchor(dot, edge=0.2),
        ),
    ]
