"""The memory bar: what the plan needs, part by part, against the limit and the memory that is there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from planner.charts.svg import anchor, chart, element, percent
from planner.plans.answer import Answer
from planner.plans.figures import gib

TOP = 28  # room for the limit's label
BAR = 56
HEIGHT = TOP + BAR + 28
# A part is named in the bar only where its name has room; the table below names every part.
# Widths in pixels: of the bar in a narrow and in a wide page, of a letter, and of the space around a name.
NARROW, WIDE, LETTER, SPACE = 320, 620, 7.5, 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the bar, in bytes from its left end."""

    key: str
    label: str
    start_bytes: float
    size_bytes: float


def segments(answer: Answer) -> list[Segment]:
    """The parts from the left, then what is free up to the limit, then what lies beyond the limit."""
    found: list[Segment] = []
    place = 0.0
    for part in answer.parts:
        if part.bytes > 0:
            found.append(Segment(part.key, part.label, place, part.bytes))
            place += part.bytes
    if place < answer.limit_bytes:
        found.append(Segment("free", "Free", place, answer.limit_bytes - place))
    beyond = max(answer.limit_bytes, place)
    held = min(answer.held_bytes, max(answer.capacity_bytes - beyond, 0.0))
    if held > 0:
        found.append(Segment("held", "Other programs", beyond, held))
    if answer.capacity_bytes - beyond - held > 0:
        found.append(
            Segment("system", "Kept by the system", beyond + held, answer.capacity_bytes - beyond - held)
        )
    return found


def describe(answer: Answer) -> str:
    """The bar in words."""
    parts = ", ".join(f"{part.label} {gib(part.bytes)}" for part in answer.parts)
    return (
        f"Needed: {gib(answer.need_bytes)} ({parts}). Limit: {gib(answer.limit_bytes)} "
        f"of {gib(answer.capacity_bytes)} installed. The table below has every figure."
    )


def memory_bar(answer: Answer) -> SafeString:
    """Draw the bar; colours and hatches come from the classes ``seg-<key>`` in the style sheet."""
    found = segments(answer)
    scale = max(answer.capacity_bytes, answer.need_high_bytes, answer.need_bytes, answer.limit_bytes, 1.0)
    limit, need = answer.limit_bytes / scale, answer.need_bytes / scale
    drawn = [draw_segment(segment, scale) for segment in found]
    if need > limit:
        drawn.append(
            element(
                "rect",
                x=percent(limit),
                y=TOP,
                width=percent(need - limit),
                height=BAR,
                class_="over",
                fill="url(#hatch-over)",
            )
        )
    for segment in found:
        drawn += draw_label(segment, scale, limit)
    drawn += draw_need_high(answer, scale)
    drawn += draw_limit(answer, limit)
    drawn += draw_ends(answer, scale)
    return chart(
        hatches(),
        *drawn,
        title=f"Memory: {gib(answer.need_bytes)} needed, {gib(answer.limit_bytes)} usable",
        description=describe(answer),
        identity="memory-bar",
        height=HEIGHT,
        class_="memory-bar",
    )


def draw_segment(segment: Segment, scale: float) -> SafeString:
    """The rectangle of a segment, which tells its name and size when pointed at."""
    fill = {"held": "url(#hatch-held)", "system": "url(#hatch-system)"}.get(segment.key)
    return element(
        "rect",
        element("title", f"{segment.label}: {gib(segment.size_bytes)}"),
        x=percent(segment.start_bytes / scale),
        y=TOP,
        width=percent(segment.size_bytes / scale),
        height=BAR,
        fill=fill,
        class_=f"seg seg-{segment.key}",
    )


def draw_label(segment: Segment, scale: float, limit: float) -> list[SafeString]:
    """The name and size in the bar, where there is room; right of the limit's line where it would cross them."""
    start, width = segment.start_bytes / scale, segment.size_bytes / scale
    size = gib(segment.size_bytes)
    room_px = LETTER * max(len(segment.label), len(size)) + SPACE
    if start < limit < start + room_px / NARROW and limit < start + width:
        start, width = limit, start + width - limit
    if width * WIDE < room_px:
        return []
    room = "roomy" if width * NARROW >= room_px else "snug"
    return [
        element(
            "text",
            text,
            x=percent(start),
            dx=12,
            y=TOP + line,
            class_=f"on-{segment.key} {weight} {room}",
            aria_hidden="true",
        )
        for text, line, weight in ((segment.label, 24, "name"), (size, 42, "size"))
    ]


def draw_need_high(answer: Answer, scale: float) -> list[SafeString]:
    """A whisker from the need to its upper bound, where that is far enough to be seen."""
    low, high = answer.need_bytes / scale, answer.need_high_bytes / scale
    if high - low < 0.004:
        return []
    y = TOP + BAR + 6
    return [
        element(
            "line",
            element("title", f"at most {gib(answer.need_high_bytes)}"),
            x1=percent(low),
            x2=percent(high),
            y1=y,
            y2=y,
            class_="whisker",
        ),
        element("line", x1=percent(high), x2=percent(high), y1=y - 3, y2=y + 3, class_="whisker"),
    ]


def draw_limit(answer: Answer, place: float) -> list[SafeString]:
    """The limit as a line with its label above the bar."""
    end = anchor(place, edge=0.3)
    return [
        element("line", x1=percent(place), x2=percent(place), y1=TOP - 8, y2=TOP + BAR + 4, class_="limit"),
        element(
            "text",
            f"limit {gib(answer.limit_bytes)}",
            x=percent(place),
            dx={"start": -1, "end": 1, "middle": 0}[end],
            y=TOP - 14,
            text_anchor=end,
            class_="limit-label",
            aria_hidden="true",
        ),
    ]


def draw_ends(answer: Answer, scale: float) -> list[SafeString]:
    """What the bar's ends stand for: nothing at the left, at the right all memory or all that is needed."""
    over = answer.need_bytes > answer.capacity_bytes
    right = f"{gib(answer.need_bytes)} needed" if over else f"{gib(answer.capacity_bytes)} installed"
    place = max(answer.need_bytes, answer.capacity_bytes) / scale
    y = TOP + BAR + 22
    return [
        element("text", "0", x="0", y=y, class_="end", aria_hidden="true"),
        element("text", right, x=percent(place), y=y, text_anchor="end", class_="end", aria_hidden="true"),
    ]


def hatches() -> SafeString:
    """The hatches that tell what is not for use (and where the need passes the limit) without colour."""
    return element(
        "defs",
        *(
            element(
                "pattern",
                element("rect", width=6, height=6, class_=f"hatch-ground-{name}"),
                element("line", x1=0, y1=0, x2=0, y2=6, class_=f"hatch-line-{name}"),
                id=f"hatch-{name}",
                width=6,
                height=6,
                patternUnits="userSpaceOnUse",
                patternTransform="rotate(45)",
            )
            for name in ("held", "system", "over")
        ),
    )
