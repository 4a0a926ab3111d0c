"""Throughput against latency on logarithmic axes: what all get together, and how long each waits for a token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from planner.charts.log_axis import LogAxis, plain
from planner.charts.svg import anchor, chart, element, label, line, path, percent, stretched
from planner.figures import NBSP, duration, rate

TOP, PLOT, BOTTOM = 30, 340, 46
HEIGHT = TOP + PLOT + BOTTOM
BASE = TOP + PLOT
MOST_TICKS, MOST_LINES = 6, 10  # along, and upwards
LINE = 16  # pixels between names


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """What so many conversations at once on one instance come to."""

    concurrency: int
    tpot_ms: float
    total_tps: float
    holds: bool  # within the limits


@dataclass(frozen=True, slots=True)
class ServiceCurve:
    """One set-up's points in order of the load; at least one."""

    name: str
    points: Sequence[ServicePoint]


@dataclass(frozen=True, slots=True)
class _Axes:
    waits: LogAxis
    rates: LogAxis

    def place(self, point: ServicePoint) -> tuple[float, float]:
        """(share of the width, y in pixels)."""
        return self.waits.share(point.tpot_ms), self.y(point.total_tps)

    def y(self, tokens_per_s: float) -> float:
        return BASE - PLOT * self.rates.share(tokens_per_s)


def service_curves(
    curves: Sequence[ServiceCurve], limit_ms: float, *, title: str, description: str
) -> SafeString:
    """Draw at most six curves, with the limit of the time per token as a line."""
    points = [point for curve in curves for point in curve.points]
    axes = _Axes(
        LogAxis.around([*(point.tpot_ms for point in points), limit_ms]),
        LogAxis.around(point.total_tps for point in points),
    )
    return chart(
        *_frame(axes, limit_ms),
        stretched(*(_curve(curve, place, axes) for place, curve in enumerate(curves)), height=HEIGHT),
        *(_dot(curve, point, i, axes) for i, curve in enumerate(curves) for point in curve.points),
        *_names(curves, axes),
        title=title,
        description=description,
        identity="service-curves",
        height=HEIGHT,
        class_="machine-curves service-curves",
    )


def _frame(axes: _Axes, limit_ms: float) -> list[SafeString]:
    drawn: list[SafeString] = []
    for value in axes.rates.ticks(MOST_LINES):
        drawn += [line(0, axes.y(value), 1, axes.y(value), "grid")]
        drawn.append(label(plain(value), 0, axes.y(value) - 5, "tick-label"))
    for value in axes.waits.ticks(MOST_TICKS):
        x = axes.waits.share(value)
        drawn += [line(x, BASE, x, BASE + 4, "tick")]
        drawn.append(label(plain(value), x, BASE + 20, "tick-label", end=anchor(x, edge=0.04)))
    x = axes.waits.share(limit_ms)
    drawn += [line(0, BASE, 1, BASE, "axis"), line(x, TOP, x, BASE, "limit-line")]
    end, dx = ("end", -4) if x > 0.5 else ("start", 4)
    drawn.append(label(f"your limit, {duration(limit_ms)}", x, TOP + 12, "note", dx=dx, end=end))
    drawn.append(label("↑ all together write, tokens/s", 0, 12, "axis-name"))
    drawn.append(label("one waits for a token, ms →", 1, BASE + 40, "axis-name", end="end"))
    return drawn


def _curve(curve: ServiceCurve, place: int, axes: _Axes) -> SafeString:
    if len(curve.points) < 2:
        return SafeString("")
    places = [axes.place(point) for point in curve.points]
    return element(
        "path", d=path(places), class_=f"curve-line curve-{place}", vector_effect="non-scaling-stroke"
    )


def _dot(curve: ServiceCurve, point: ServicePoint, place: int, axes: _Axes) -> SafeString:
    x, y = axes.place(point)
    words = (
        f"{curve.name}, {point.concurrency} at once on each: {rate(point.total_tps)}{NBSP}tokens/s together, "
        f"{duration(point.tpot_ms)} a token{'' if point.holds else '; over a limit'}"
    )
    return element(
        "circle",
        element("title", words),
        cx=percent(x),
        cy=y,
        r=4 if point.holds else 2.5,
        class_=f"curve-dot curve-{place}",
    )


def _names(curves: Sequence[ServiceCurve], axes: _Axes) -> list[SafeString]:
    """Each curve's number at its last point; those that would meet move apart."""
    ends = [axes.place(curve.points[-1]) for curve in curves]
    heights = [y - 10.0 for _, y in ends]
    free = float(TOP + 2 * LINE)
    for place in sorted(range(len(curves)), key=lambda i: heights[i]):
        free = heights[place] = max(heights[place], free)
        free += LINE
    drawn = []
    for place, (x, _) in enumerate(ends):
        end, dx = ("end", -6) if x > 0.5 else ("start", 6)
        text = str(place + 1)
        drawn.append(label(text, x, heights[place], f"curve-name curve-{place}", dx=dx, end=end))
    return drawn
