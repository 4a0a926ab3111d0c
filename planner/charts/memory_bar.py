"""The memory bar: what the plan needs, part by part, against the limit and the memory that is there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from planner.charts.shapes import Memory
from planner.charts.svg import anchor, chart, element, label, line, percent
from planner.figures import gib

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


def segments(plan: Memory) -> list[Segment]:
    """The parts from the left, then what is free up to the limit, then what lies beyond the limit."""
    found: list[Segment] = []
    place = 0.0
    for part in plan.parts:
        if part.bytes > 0:
            found.append(Segment(part.key, part.label, place, part.bytes))
            place += part.bytes
    if place < plan.limit_bytes:
        found.append(Segment("free", "Free", place, plan.limit_bytes - place))
    beyond = max(plan.limit_bytes, place)
    held = min(plan.held_bytes, max(plan.capacity_bytes - beyond, 0.0))
    if held > 0:
        found.append(Segment("held", "Other programs", beyond, held))
    if plan.capacity_bytes - beyond - held > 0:
        found.append(
            Segment("system", "Kept by the system", beyond + held, plan.capacity_bytes - beyond - held)
        )
    return found


def describe(plan: Memory) -> str:
    """The bar in words."""
    parts = ", ".join(f"{part.label} {gib(part.bytes)}" for part in plan.parts)
    return (
        f"Needed: {gib(plan.need_bytes)} ({parts}). Limit: {gib(plan.limit_bytes)} "
        f"of {gib(plan.capacity_bytes)} installed. The table below has every figure."
    )


def memory_bar(plan: Memory) -> SafeString:
    """Draw the bar; colours and hatches come from the classes ``seg-<key>`` in the style sheet."""
    found = segments(plan)
    scale = max(plan.capacity_bytes, plan.need_high_bytes, plan.need_bytes, plan.limit_bytes, 1.0)
    limit, need = plan.limit_bytes / scale, plan.need_bytes / scale
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
    drawn += draw_need_high(plan, scale)
    drawn += draw_limit(plan, limit)
    drawn += draw_ends(plan, scale)
    return chart(
        hatches(),
        *drawn,
        title=f"Memory: {gib(plan.need_bytes)} needed, {gib(plan.limit_bytes)} usable",
        description=describe(plan),
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
    """The name and size in the bar, where there is room; right of the limit where it would cross them."""
    start, width = segment.start_bytes / scale, segment.size_bytes / scale
    size = gib(segment.size_bytes)
    room_px = LETTER * max(len(segment.label), len(size)) + SPACE
    if start < limit < start + room_px / NARROW and limit < start + width:
        start, width = limit, start + width - limit
    if width * WIDE < room_px:
        return []
    room = "roomy" if width * NARROW >= room_px else "snug"
    return [
        label(segment.label, start, TOP + 24, f"on-{segment.key} name {room}", dx=12),
        label(size, start, TOP + 42, f"on-{segment.key} size {room}", dx=12),
    ]


def draw_need_high(plan: Memory, scale: float) -> list[SafeString]:
    """A whisker from the need to its upper bound, where that is far enough to be seen."""
    low, high = plan.need_bytes / scale, plan.need_high_bytes / scale
    if high - low < 0.004:
        return []
    y = TOP + BAR + 5
    title = element("title", f"at most {gib(plan.need_high_bytes)}")
    return [line(low, y, high, y, "whisker", title), line(high, y - 3, high, y + 3, "whisker")]


def draw_limit(plan: Memory, place: float) -> list[SafeString]:
    """The limit as a line with its label above the bar."""
    end = anchor(place, edge=0.3)
    dx = {"start": -1, "end": 1, "middle": 0}[end]
    return [
        line(place, TOP - 8, place, TOP + BAR + 4, "limit"),
        label(f"limit {gib(plan.limit_bytes)}", place, TOP - 14, "limit-label", dx=dx, end=end),
    ]


def draw_ends(plan: Memory, scale: float) -> list[SafeString]:
    """What the bar's ends stand for: nothing at the left, at the right all memory or all that is needed."""
    over = plan.need_bytes > plan.capacity_bytes
    right = f"{gib(plan.need_bytes)} needed" if over else f"{gib(plan.capacity_bytes)} installed"
    place = max(plan.need_bytes, plan.capacity_bytes) / scale
    y = TOP + BAR + 24
    return [label("0", 0, y, "end"), label(right, place, y, "end", end="end")]


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
