"""Speed and memory against the length of the context: a line, its interval as a band, the limit as a line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from django.utils.safestring import SafeString

from planner.charts.svg import anchor, chart, element, path, percent, stretched
from planner.plans.answer import Answer, ContextPoint
from planner.plans.figures import GIB, gib, number, rate, rate_range, tokens_short
from planner.plans.reading import READING_TPS

TOP, PLOT, BOTTOM = 28, 176, 30
HEIGHT = TOP + PLOT + BOTTOM
BASE = TOP + PLOT
MOST_TICKS = 6


def nice_step(largest: float, steps: int = 4) -> float:
    """A round distance between grid lines (1, 2, 2.5 or 5 times a power of ten): about ``steps`` to ``largest``."""
    raw = largest / steps
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)


def place_of(points: Sequence[ContextPoint], context_tokens: float) -> float:
    """Where a context stands on the axis, from 0 to 1 (logarithmic)."""
    first, last = points[0].context_tokens, points[-1].context_tokens
    if last <= first:
        return 0.5
    share = math.log(max(context_tokens, first) / first) / math.log(last / first)
    return min(max(share, 0.0), 1.0)


def frame(points: Sequence[ContextPoint], top_value: float, unit: str) -> tuple[list[SafeString], float]:
    """Grid lines with their figures, the context axis, and the value at the plot's top."""
    step = nice_step(top_value)
    rows = math.ceil(top_value / step * 0.999)
    decimals = max(0, -math.floor(math.log10(step))) + (
        1 if f"{step:.1e}".startswith("2.5") and step < 10 else 0
    )
    drawn: list[SafeString] = []
    for row in range(rows + 1):
        y = BASE - PLOT * row / rows
        drawn.append(element("line", x1="0", x2="100%", y1=y, y2=y, class_="axis" if row == 0 else "grid"))
        if row:
            text = number(row * step, decimals) + (f" {unit}" if row == rows else "")
            drawn.append(element("text", text, x="0", y=y - 5, class_="tick-label", aria_hidden="true"))
    every = math.ceil(len(points) / MOST_TICKS)
    for index, point in enumerate(reversed(points)):
        if index % every == 0:
            x = place_of(points, point.context_tokens)
            drawn.append(element("line", x1=percent(x), x2=percent(x), y1=BASE, y2=BASE + 4, class_="tick"))
            drawn.append(
                element(
                    "text",
                    tokens_short(point.context_tokens),
                    x=percent(x),
                    y=BASE + 20,
                    text_anchor=anchor(x, edge=0.04),
                    class_="tick-label",
                    aria_hidden="true",
                )
            )
    return drawn, rows * step


def too_long(answer: Answer) -> list[SafeString]:
    """Shade the contexts that do not fit, from the longest that does."""
    points = answer.contexts
    longest = answer.max_context_tokens
    if longest is None or longest >= points[-1].context_tokens:
        return []
    x = place_of(points, longest)
    drawn = [
        element("rect", x=percent(x), y=TOP, width=percent(1 - x), height=PLOT, class_="too-long"),
        element("line", x1=percent(x), x2=percent(x), y1=TOP, y2=BASE, class_="too-long-edge"),
    ]
    left = x > 0.6
    drawn.append(
        element(
            "text",
            "does not fit" if x < 0.75 else "fits up to here",
            x=percent(x),
            dx=-8 if left and x >= 0.75 else 8,
            y=BASE - 10,
            text_anchor="end" if left and x >= 0.75 else "start",
            class_="note",
            aria_hidden="true",
        )
    )
    return drawn


def marker(x: float, y: float, text: str) -> list[SafeString]:
    """The chosen context on a line, with its figure."""
    end = anchor(x, edge=0.16)
    return [
        element("circle", cx=percent(x), cy=y, r=5, class_="value"),
        element(
            "text",
            text,
            x=percent(x),
            dx={"start": 2, "middle": 0, "end": -2}[end],
            y=y - 12,
            text_anchor=end,
            class_="value-label",
            aria_hidden="true",
        ),
    ]


def chosen_point(answer: Answer) -> ContextPoint | None:
    """The point at the question's own context, if it is among them."""
    return next((point for point in answer.contexts if point.context_tokens == answer.context_tokens), None)


def speed_curve(answer: Answer) -> SafeString | None:
    """Writing speed against context; ``None`` where fewer than two points have a speed."""
    points = answer.contexts
    known = [(point, point.decode_tps) for point in points if point.decode_tps is not None]
    if len(known) < 2:
        return None
    drawn, top_value = frame(points, 1.08 * max(speed.high for _, speed in known), "tokens/s")

    def y_of(value: float) -> float:
        return BASE - PLOT * min(value / top_value, 1.0)

    upper = [(place_of(points, point.context_tokens), y_of(speed.high)) for point, speed in known]
    lower = [(place_of(points, point.context_tokens), y_of(speed.low)) for point, speed in reversed(known)]
    middle = [(place_of(points, point.context_tokens), y_of(speed.value)) for point, speed in known]
    drawn += too_long(answer)
    if READING_TPS.value < 0.9 * top_value:
        y = y_of(READING_TPS.value)
        drawn.append(element("line", x1="0", x2="100%", y1=y, y2=y, class_="reading-line"))
        if y < BASE - 16:
            drawn.append(
                element(
                    "text",
                    "people read",
                    x="100%",
                    y=y - 5,
                    text_anchor="end",
                    class_="note",
                    aria_hidden="true",
                )
            )
    drawn.append(
        stretched(
            element("path", d=path(upper + lower, close=True), class_="band"),
            element("path", d=path(middle), class_="curve", vector_effect="non-scaling-stroke"),
            height=HEIGHT,
        )
    )
    chosen = chosen_point(answer)
    if chosen is not None and chosen.decode_tps is not None:
        drawn += marker(
            place_of(points, chosen.context_tokens),
            y_of(chosen.decode_tps.value),
            rate(chosen.decode_tps.value),
        )
    first, last = known[0], known[-1]
    return chart(
        *drawn,
        title="Writing speed against context",
        description=(
            f"From {rate_range(first[1])} tokens a second at {tokens_short(first[0].context_tokens)} tokens "
            f"of context to {rate_range(last[1])} at {tokens_short(last[0].context_tokens)}. "
            "The band is the 90 % interval."
        ),
        identity="speed-curve",
        height=HEIGHT,
        class_="curves",
    )


def memory_curve(answer: Answer) -> SafeString | None:
    """Memory need against context with the limit; ``None`` where there are fewer than two points."""
    points = answer.contexts
    if len(points) < 2:
        return None
    largest = max(max(point.memory_bytes for point in points), answer.limit_bytes)
    drawn, top_gib = frame(points, 1.08 * largest / GIB, "GiB")

    def y_of(value_bytes: float) -> float:
        return BASE - PLOT * min(value_bytes / GIB / top_gib, 1.0)

    line = [(place_of(points, point.context_tokens), y_of(point.memory_bytes)) for point in points]
    area = [*line, (line[-1][0], BASE), (line[0][0], BASE)]
    drawn += too_long(answer)
    drawn.append(
        stretched(
            element("path", d=path(area, close=True), class_="area"),
            element("path", d=path(line), class_="curve", vector_effect="non-scaling-stroke"),
            height=HEIGHT,
        )
    )
    y = y_of(answer.limit_bytes)
    drawn.append(element("line", x1="0", x2="100%", y1=y, y2=y, class_="limit"))
    drawn.append(
        element(
            "text",
            f"limit {gib(answer.limit_bytes)}",
            x="100%",
            y=y - 6,
            text_anchor="end",
            class_="limit-label",
            aria_hidden="true",
        )
    )
    chosen = chosen_point(answer)
    if chosen is not None:
        drawn += marker(
            place_of(points, chosen.context_tokens), y_of(chosen.memory_bytes), gib(chosen.memory_bytes)
        )
    return chart(
        *drawn,
        title="Memory against context",
        description=(
            f"From {gib(points[0].memory_bytes)} at {tokens_short(points[0].context_tokens)} tokens of context "
            "to "
            f"{gib(points[-1].memory_bytes)} at {tokens_short(points[-1].context_tokens)}; "
            f"the limit is {gib(answer.limit_bytes)}."
        ),
        identity="memory-curve",
        height=HEIGHT,
        class_="curves",
    )
