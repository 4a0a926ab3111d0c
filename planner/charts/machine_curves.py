"""Writing speed against context for a few machines on logarithmic axes, each with its interval as a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from planner.charts.log_axis import LogAxis, plain
from planner.charts.reading import READING_TPS
from planner.charts.svg import anchor, chart, element, label, line, path, percent, stretched
from planner.figures import rate, tokens_short

TOP, PLOT, BOTTOM = 30, 360, 46
HEIGHT = TOP + PLOT + BOTTOM
BASE = TOP + PLOT
MOST_TICKS, MOST_LINES = 7, 12  # along, and upwards
LINE = 16  # pixels between names
TICK_ROOM = 0.1  # share of the width that a context's figure takes


@dataclass(frozen=True, slots=True)
class SpeedPoint:
    """The speed at one context with its interval, tokens/s."""

    context_tokens: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MachineCurve:
    """One machine's speeds in order of the context; at least one."""

    name: str
    points: Sequence[SpeedPoint]


@dataclass(frozen=True, slots=True)
class _Axes:
    contexts: LogAxis
    speeds: LogAxis

    def x(self, context_tokens: float) -> float:
        return self.contexts.share(context_tokens)

    def y(self, tokens_per_s: float) -> float:
        return BASE - PLOT * self.speeds.share(tokens_per_s)


def machine_curves(curves: Sequence[MachineCurve], *, title: str, description: str) -> SafeString:
    """Draw at most six curves, each told apart by its name, its dashes and its colour."""
    contexts = sorted({point.context_tokens for curve in curves for point in curve.points})
    ends = LogAxis(float(contexts[0]), float(max(contexts[-1], 2 * contexts[0])))
    lows = (max(point.low, point.value / 20) for curve in curves for point in curve.points)
    highs = (min(point.high, point.value * 20) for curve in curves for point in curve.points)
    axes = _Axes(ends, LogAxis.around([*lows, *highs]))
    return chart(
        *_frame(axes, contexts),
        stretched(
            *(shape for place, curve in enumerate(curves) for shape in _curve(curve, place, axes)),
            height=HEIGHT,
        ),
        *(dot for place, curve in enumerate(curves) for dot in _dots(curve, place, axes)),
        *_names(curves, axes),
        title=title,
        description=description,
        identity="machine-curves",
        height=HEIGHT,
        class_="machine-curves",
    )


def _frame(axes: _Axes, contexts: Sequence[int]) -> list[SafeString]:
    drawn: list[SafeString] = []
    for value in axes.speeds.ticks(MOST_LINES):
        y = axes.y(value)
        drawn += [line(0, y, 1, y, "grid"), label(plain(value), 0, y - 5, "tick-label")]
    reading = READING_TPS.value
    if axes.speeds.low < reading < axes.speeds.high:
        drawn.append(line(0, axes.y(reading), 1, axes.y(reading), "reading-line"))
        drawn.append(label("people read", 0.08, axes.y(reading) - 5, "note"))
    free_until = 1 + 2 * TICK_ROOM
    for context in contexts[::-1]:
        x = axes.x(context)
        drawn.append(line(x, BASE, x, BASE + 4, "tick"))
        if x <= free_until - TICK_ROOM:
            free_until = x
            text = tokens_short(context)
            drawn.append(label(text, x, BASE + 20, "tick-label", end=anchor(x, edge=0.04)))
    drawn += [line(0, BASE, 1, BASE, "axis"), label("↑ writes, tokens/s", 0, 12, "axis-name")]
    drawn.append(label("context that is full, tokens →", 1, BASE + 40, "axis-name", end="end"))
    return drawn


def _curve(curve: MachineCurve, place: int, axes: _Axes) -> list[SafeString]:
    points = curve.points
    if len(points) < 2:
        return []
    upper = [(axes.x(point.context_tokens), axes.y(point.high)) for point in points]
    lower = [(axes.x(point.context_tokens), axes.y(point.low)) for point in points]
    middle = [(axes.x(point.context_tokens), axes.y(point.value)) for point in points]
    return [
        element("path", d=path(upper + lower[::-1], close=True), class_=f"curve-band curve-{place}"),
        element(
            "path", d=path(middle), class_=f"curve-line curve-{place}", vector_effect="non-scaling-stroke"
        ),
    ]


def _dots(curve: MachineCurve, place: int, axes: _Axes) -> list[SafeString]:
    drawn = []
    for point in curve.points:
        x, y = axes.x(point.context_tokens), axes.y(point.value)
        if len(curve.points) == 1:
            drawn.append(line(x, axes.y(point.low), x, axes.y(point.high), f"curve-line curve-{place}"))
        words = (
            f"{curve.name}: {rate(point.value)} tokens/s with {tokens_short(point.context_tokens)} of context"
        )
        drawn.append(
            element(
                "circle",
                element("title", words),
                cx=percent(x),
                cy=y,
                r=4,
                class_=f"curve-dot curve-{place}",
            )
        )
    return drawn


def _names(curves: Sequence[MachineCurve], axes: _Axes) -> list[SafeString]:
    """Each curve's name under its last point, where a falling curve leaves room; those that would meet move apart."""
    ends = [axes.y(curve.points[-1].value) + LINE for curve in curves]
    places = sorted(range(len(curves)), key=lambda place: (ends[place], place))
    free = 0.0
    for place in places:
        free = ends[place] = max(ends[place], free)
        free += LINE
    free = BASE - 4.0
    for place in reversed(places):
        free = ends[place] = min(ends[place], free)
        free -= LINE
    drawn = []
    for place, y in enumerate(ends):
        x = axes.x(curves[place].points[-1].context_tokens)
        class_ = f"curve-name curve-{place}"
        end, dx = ("end", -2) if x > 0.5 else ("start", 2)
        drawn.append(label(curves[place].name, x, y, class_, dx=dx, end=end))
    return drawn


def curve_sample(place: int) -> SafeString:
    """A short piece of a curve, for the table that names it."""
    drawn = [
        line(0, 7, 1, 7, f"curve-line curve-{place}"),
        element("circle", cx="50%", cy=7, r=4, class_=f"curve-dot curve-{place}"),
    ]
    return element(
        "svg", *drawn, class_="chart curve-sample", width=34, height=14, aria_hidden="true", focusable="false"
    )
