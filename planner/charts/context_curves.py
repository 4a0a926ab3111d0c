"""Speed and memory against the length of the context: a line, its interval as a band, the limit as a line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from django.utils.safestring import SafeString

from planner.charts.reading import READING_TPS
from planner.charts.shapes import Contexts, Point
from planner.charts.svg import anchor, chart, element, label, line, path, percent, stretched
from planner.engine.units import GIB
from planner.figures import gib, number, rate, rate_range, tokens_short

TOP, PLOT, BOTTOM = 28, 176, 30
HEIGHT = TOP + PLOT + BOTTOM
BASE = TOP + PLOT
MOST_TICKS = 6
LINE_ROOM = 36  # pixels over a point in which its figure would meet a line or that line's name
TICK_ROOM = 0.11  # share of the width that a figure on the axis takes
HEADROOM = 1.08  # the plot's top above the largest value


def nice_step(largest: float, steps: int = 4) -> float:
    """A round distance between grid lines: 1, 2, 2.5 or 5 times a power of ten, about ``steps`` in all."""
    raw = largest / steps
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)


def place_of(points: Sequence[Point], context_tokens: float) -> float:
    """Where a context stands on the axis, from 0 to 1 (logarithmic)."""
    first, last = points[0].context_tokens, points[-1].context_tokens
    if last <= first:
        return 0.5
    share = math.log(max(context_tokens, first) / first) / math.log(last / first)
    return min(max(share, 0.0), 1.0)


def height_of(top_value: float) -> Callable[[float], float]:
    """The y in pixels of a value, in a plot whose top is ``top_value``."""
    return lambda value: BASE - PLOT * min(value / top_value, 1.0)


def frame(
    points: Sequence[Point], largest: float, unit: str
) -> tuple[list[SafeString], list[SafeString], float]:
    """Grid lines and the context axis; their figures, to be written over the curve; the value at the plot's top."""
    step = nice_step(largest)
    rows = math.ceil(largest / step * 0.999)
    # As many decimals as the steps need: 0.25 needs two, 50 none.
    decimals = next(count for count in range(9) if math.isclose(round(step, count), step))
    drawn = [line(0, BASE, 1, BASE, "axis")]
    figures: list[SafeString] = []
    for row in range(1, rows + 1):
        y = BASE - PLOT * row / rows
        text = number(row * step, decimals) + (f" {unit}" if row == rows else "")
        drawn.append(line(0, y, 1, y, "grid"))
        figures.append(label(text, 0, y - 5, "tick-label"))
    every = math.ceil(len(points) / MOST_TICKS)
    free_until = 1 + TICK_ROOM
    for point in points[::-1][::every]:
        x = place_of(points, point.context_tokens)
        if x > free_until - TICK_ROOM:
            continue
        free_until = x
        drawn.append(line(x, BASE, x, BASE + 4, "tick"))
        text = tokens_short(point.context_tokens)
        figures.append(label(text, x, BASE + 20, "tick-label", end=anchor(x, edge=0.04)))
    return drawn, figures, rows * step


def too_long(plan: Contexts) -> list[SafeString]:
    """Shade the contexts that do not fit, from the longest that does."""
    points, longest = plan.contexts, plan.max_context_tokens
    if longest is None or longest >= points[-1].context_tokens:
        return []
    x = place_of(points, longest)
    note = (
        label("fits up to here", x, BASE - 10, "note", dx=-8, end="end")
        if x > 0.7
        else label("does not fit", x, BASE - 10, "note", dx=8)
    )
    shade = element("rect", x=percent(x), y=TOP, width=percent(1 - x), height=PLOT, class_="too-long")
    return [shade, line(x, TOP, x, BASE, "too-long-edge"), note]


def marker(plan: Contexts, y: float, text: str, *, line_y: float = -HEIGHT) -> list[SafeString]:
    """The question's own context on a curve, with its figure: below the point where a line runs close above it."""
    x = place_of(plan.contexts, plan.context_tokens)
    text_y = y + 22 if 0 <= y - line_y < LINE_ROOM else y - 12
    return [
        element("circle", cx=percent(x), cy=y, r=5, class_="value"),
        label(text, x, text_y, "value-label", end=anchor(x, edge=0.16)),
    ]


def chosen_point(plan: Contexts) -> Point | None:
    """The point at the question's own context, if it is among them."""
    return next((point for point in plan.contexts if point.context_tokens == plan.context_tokens), None)


def curve(points: list[tuple[float, float]], around: list[tuple[float, float]], class_: str) -> SafeString:
    """A line over the area between ``around``'s points."""
    return stretched(
        element("path", d=path(around, close=True), class_=class_),
        element("path", d=path(points), class_="curve", vector_effect="non-scaling-stroke"),
        height=HEIGHT,
    )


def speed_curve(plan: Contexts) -> SafeString | None:
    """Writing speed against context; ``None`` where fewer than two points have a speed."""
    known = [(point, point.decode_tps) for point in plan.contexts if point.decode_tps is not None]
    if len(known) < 2:
        return None
    drawn, figures, top_value = frame(
        plan.contexts, HEADROOM * max(speed.high for _, speed in known), "tokens/s"
    )
    y_of = height_of(top_value)
    places = [place_of(plan.contexts, point.context_tokens) for point, _ in known]
    upper = [(x, y_of(speed.high)) for x, (_, speed) in zip(places, known, strict=True)]
    middle = [(x, y_of(speed.value)) for x, (_, speed) in zip(places, known, strict=True)]
    lower = [(x, y_of(speed.low)) for x, (_, speed) in zip(places, known, strict=True)]
    drawn += [
        *too_long(plan),
        *reading_line(y_of(READING_TPS.value)),
        curve(middle, upper + lower[::-1], "band"),
        *figures,
    ]
    chosen = chosen_point(plan)
    if chosen is not None and chosen.decode_tps is not None:
        drawn += marker(plan, y_of(chosen.decode_tps.value), f"{rate(chosen.decode_tps.value)} when full")
    (first, first_speed), (last, last_speed) = known[0], known[-1]
    return chart(
        *drawn,
        title="Writing speed against context",
        description=(
            f"From {rate_range(first_speed)} tokens a second at {tokens_short(first.context_tokens)} tokens "
            f"of context to {rate_range(last_speed)} at {tokens_short(last.context_tokens)}. "
            "The band is the 90 % interval."
        ),
        identity="speed-curve",
        height=HEIGHT,
        class_="curves",
    )


def reading_line(y: float) -> list[SafeString]:
    """How fast people read, where the plot reaches so high; named where the name does not touch the axis."""
    if y < TOP:
        return []
    name = [label("people read", 1, y - 5, "note", end="end")] if y < BASE - 16 else []
    return [line(0, y, 1, y, "reading-line"), *name]


def memory_curve(plan: Contexts) -> SafeString | None:
    """Memory need against context with the limit; ``None`` where there are fewer than two points."""
    points = plan.contexts
    if len(points) < 2:
        return None
    largest = max(max(point.memory_bytes for point in points), plan.limit_bytes)
    drawn, figures, top_gib = frame(points, HEADROOM * largest / GIB, "GiB")
    y_of = height_of(top_gib * GIB)
    need = [(place_of(points, point.context_tokens), y_of(point.memory_bytes)) for point in points]
    limit_y = y_of(plan.limit_bytes)
    limit_text = f"limit {gib(plan.limit_bytes)}"
    drawn += [
        *too_long(plan),
        curve(need, [*need, (need[-1][0], BASE), (need[0][0], BASE)], "area"),
        *figures,
        line(0, limit_y, 1, limit_y, "limit"),
        label(limit_text, 1, limit_y - 6, "limit-label", end="end"),
    ]
    chosen = chosen_point(plan)
    if chosen is not None:
        drawn += marker(plan, y_of(chosen.memory_bytes), gib(chosen.memory_bytes), line_y=limit_y)
    return chart(
        *drawn,
        title="Memory against context",
        description=(
            f"From {gib(points[0].memory_bytes)} at {tokens_short(points[0].context_tokens)} tokens "
            f"of context to {gib(points[-1].memory_bytes)} at {tokens_short(points[-1].context_tokens)}; "
            f"{limit_text}."
        ),
        identity="memory-curve",
        height=HEIGHT,
        class_="curves",
    )
