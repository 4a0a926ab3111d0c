"""Predicted against measured on two equal logarithmic axes: thousands of points in two paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from planner.charts.svg import anchor, chart, element, figure, label, line, path, stretched
from planner.figures import number

TOP, PLOT, BOTTOM = 40, 460, 44
HEIGHT = TOP + PLOT + BOTTOM
BASE = TOP + PLOT
# lines beside the diagonal: predicted so many times the measured value, or as many times less
FACTOR = 2.0
MOST_TICKS = 5  # figures along the measured axis that a narrow page has room for, beside the first

Pairs = Sequence[tuple[float, float]]  # (measured, predicted), both positive


@dataclass(frozen=True, slots=True)
class Cloud:
    """Points: inside and outside their intervals, and others that only stand behind them."""

    inside: Pairs
    outside: Pairs
    behind: Pairs = ()

    @property
    def every(self) -> list[tuple[float, float]]:
        return [*self.inside, *self.outside, *self.behind]


@dataclass(frozen=True, slots=True)
class Axes:
    """The common range of both axes, whole powers of ten."""

    low: float
    high: float

    @classmethod
    def around(cls, points: Pairs) -> Axes:
        """Powers of ten around all values of both axes."""
        values = [value for point in points for value in point]
        low = math.floor(math.log10(min(values)))
        return cls(10.0**low, 10.0 ** max(math.ceil(math.log10(max(values))), low + 1))

    def share(self, value: float) -> float:
        """Where a value stands, from 0 to 1."""
        return math.log(value / self.low) / math.log(self.high / self.low)

    def place(self, measured: float, predicted: float) -> tuple[float, float]:
        """(share of the width, y in pixels) of a point."""
        return self.share(measured), BASE - PLOT * self.share(predicted)

    @property
    def decades(self) -> list[float]:
        return [self.low * 10**step for step in range(round(math.log10(self.high / self.low)) + 1)]


def dots(points: Pairs, axes: Axes) -> str:
    """The ``d`` of a path whose empty pieces, with round caps, are dots; each place once."""
    places = {(round(1000 * x), round(y)) for x, y in (axes.place(*point) for point in points)}
    return "".join(f"M{x} {figure(y)}z" for x, y in sorted(places))


def scatter(cloud: Cloud, *, title: str, description: str, unit: str) -> SafeString:
    """Draw the points with the diagonal on which a prediction is right, and lines at twice and half of it."""
    axes = Axes.around(cloud.every)
    layers = [
        element("path", d=dots(cloud.behind, axes), class_="dots behind"),
        element("path", d=dots(cloud.inside, axes), class_="dots inside"),
        element("path", d=dots(cloud.outside, axes), class_="dots ring"),
        element("path", d=dots(cloud.outside, axes), class_="dots hole"),
    ]
    return chart(
        *_frame(axes, unit),
        stretched(*_diagonals(axes), *(layer for layer in layers if ' d=""' not in layer), height=HEIGHT),
        *_names(axes),
        title=title,
        description=description,
        identity="scatter",
        height=HEIGHT,
        class_="scatter",
    )


def _frame(axes: Axes, unit: str) -> list[SafeString]:
    drawn: list[SafeString] = []
    every = math.ceil((len(axes.decades) - 1) / MOST_TICKS)
    for step, value in enumerate(axes.decades):
        x, y = axes.place(value, value)
        text = number(value, max(0, -round(math.log10(value))))
        drawn += [
            line(x, TOP, x, BASE, "grid"),
            line(0, y, 1, y, "grid"),
        ]
        if (len(axes.decades) - 1 - step) % every == 0:
            drawn.append(label(text, x, BASE + 18, "tick-label", end=anchor(x, edge=0.02)))
        if value > axes.low:
            drawn.append(label(text, 0, y - 5, "tick-label"))
    drawn += [line(0, BASE, 1, BASE, "axis"), line(0, TOP, 0, BASE, "axis")]
    drawn.append(label(f"↑ predicted, {unit}", 0, 12, "axis-name"))
    drawn.append(label(f"measured, {unit} →", 1, BASE + 38, "axis-name", end="end"))
    return drawn


def _ends(axes: Axes, factor: float) -> list[tuple[float, float]]:
    """Both ends of the line on which predicted is ``factor`` times measured, within the plot."""
    low, high = max(axes.low, axes.low / factor), min(axes.high, axes.high / factor)
    return [axes.place(low, low * factor), axes.place(high, high * factor)]


def _diagonals(axes: Axes) -> list[SafeString]:
    return [
        element("path", d=path(_ends(axes, factor)), class_=class_, vector_effect="non-scaling-stroke")
        for factor, class_ in ((1.0, "exact"), (FACTOR, "double"), (1 / FACTOR, "double"))
    ]


def _names(axes: Axes) -> list[SafeString]:
    """What the lines say: above the plot, and at its foot, where few points lie."""
    top, foot = _ends(axes, FACTOR)[1], _ends(axes, 1 / FACTOR)[0]
    return [
        label(f"{FACTOR:g} times too high", top[0], TOP - 6, "note", dx=-4, end="end"),
        label(f"{FACTOR:g} times too low", foot[0], BASE - 8, "note", dx=12),
    ]
