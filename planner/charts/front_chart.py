"""What speed costs: plans by price and speed on logarithmic axes, and steps along the best ones for each quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from planner.charts.log_axis import LogAxis, plain
from planner.charts.svg import anchor, chart, element, figure, label, line, path, percent, stretched

TOP, PLOT, BOTTOM = 30, 400, 46
HEIGHT = TOP + PLOT + BOTTOM
BASE = TOP + PLOT
MOST_TICKS, MOST_LINES = 7, 12  # along, and upwards
# a usual page's width, and what a letter of a label takes of it, in pixels
WIDTH, LETTER, LINE = 720, 6.6, 15
MOST_LETTERS = 26
SHAPES = {"circle": "", "diamond": "M0 -6.5 6.5 0 0 6.5 -6.5 0z", "triangle": "M0 -6 6.3 5 -6.3 5z"}
Pairs = Sequence[tuple[float, float]]  # (price, speed), both positive


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A plan that nothing beats; its number is that of its row in the table beside the chart."""

    number: int
    price_usd: float
    decode_tps: float
    name: str
    words: str
    href: str
    stair: int  # place of the steps that it belongs to


@dataclass(frozen=True, slots=True)
class Stair:
    """The best speed for each price at one quality: corners in order of the price."""

    words: str
    shape: str  # of SHAPES
    corners: Pairs


def front_chart(
    points: Sequence[FrontPoint], stairs: Sequence[Stair], behind: Pairs, *, title: str, description: str
) -> SafeString:
    """Draw the plans on the front, the steps along them, and all other plans as quiet dots behind."""
    known = [*((point.price_usd, point.decode_tps) for point in points), *behind]
    prices, speeds = (
        LogAxis.around(price for price, _ in known),
        LogAxis.around(speed for _, speed in known),
    )
    axes = _Axes(prices, speeds)
    return chart(
        *_frame(axes),
        stretched(
            element("path", d=_dots(behind, axes), class_="front-behind") if behind else SafeString(""),
            *(_steps(stair, place, axes) for place, stair in enumerate(stairs) if stair.corners),
            height=HEIGHT,
        ),
        element(
            "g", *(_point(point, stairs[point.stair].shape, axes) for point in points), aria_hidden="true"
        ),
        *_names(points, axes),
        title=title,
        description=description,
        identity="front",
        height=HEIGHT,
        class_="front",
        role="group",
    )


@dataclass(frozen=True, slots=True)
class _Axes:
    prices: LogAxis
    speeds: LogAxis

    def place(self, price: float, speed: float) -> tuple[float, float]:
        """(share of the width, y in pixels)."""
        return self.prices.share(price), BASE - PLOT * self.speeds.share(speed)


def _frame(axes: _Axes) -> list[SafeString]:
    drawn: list[SafeString] = []
    for value in axes.prices.ticks(MOST_TICKS):
        x = axes.prices.share(value)
        drawn.append(line(x, TOP, x, BASE, "grid"))
        drawn.append(label(f"${plain(value)}", x, BASE + 18, "tick-label", end=anchor(x, edge=0.03)))
    for value in axes.speeds.ticks(MOST_LINES):
        y = BASE - PLOT * axes.speeds.share(value)
        drawn.append(line(0, y, 1, y, "grid"))
        drawn.append(label(plain(value), 0, y - 5, "tick-label"))
    drawn += [line(0, BASE, 1, BASE, "axis"), line(0, TOP, 0, BASE, "axis")]
    drawn.append(label("↑ writes, tokens/s", 0, 12, "axis-name"))
    drawn.append(label("launch price of the devices →", 1, BASE + 40, "axis-name", end="end"))
    return drawn


def _dots(points: Pairs, axes: _Axes) -> str:
    """Empty pieces with round caps are dots; each place once."""
    places = {(round(1000 * x), round(y)) for x, y in (axes.place(*point) for point in points)}
    return "".join(f"M{x} {figure(y)}z" for x, y in sorted(places))


def _steps(stair: Stair, place: int, axes: _Axes) -> SafeString:
    """Up at each corner, then along to the next: so much money buys so much speed."""
    corners = [axes.place(*corner) for corner in stair.corners]
    drawn = [(corners[0][0], float(BASE))]
    for x, y in corners:
        drawn += [(x, drawn[-1][1]), (x, y)]
    drawn.append((1.0, corners[-1][1]))
    return element("path", d=path(drawn), class_=f"stair stair-{place}", vector_effect="non-scaling-stroke")


def _point(point: FrontPoint, shape: str, axes: _Axes) -> SafeString:
    x, y = axes.place(point.price_usd, point.decode_tps)
    drawn = (
        element("path", d=SHAPES[shape], class_=f"front-point stair-{point.stair}")
        if SHAPES[shape]
        else element("circle", r=5.5, class_=f"front-point stair-{point.stair}")
    )
    placed = element("svg", element("title", point.words), drawn, x=percent(x), y=y, overflow="visible")
    # not reached by the keyboard: the table beside it has the same links
    return element("a", placed, href=point.href, tabindex="-1") if point.href else placed


def _names(points: Sequence[FrontPoint], axes: _Axes) -> list[SafeString]:
    """Numbers of the points, and where there is room on a wide page their machines' names."""
    drawn: list[SafeString] = []
    taken: list[tuple[float, float, float, float]] = [
        (WIDTH * x - 6, y - 6, WIDTH * x + 6, y + 6)
        for x, y in (axes.place(point.price_usd, point.decode_tps) for point in points)
    ]
    # the figures of the upright axis
    taken += [
        (0, y - LINE, LETTER * len(plain(value)), y)
        for value in axes.speeds.ticks(MOST_LINES)
        for y in (BASE - PLOT * axes.speeds.share(value),)
    ]
    named: set[str] = set()
    for point in points:
        x, y = axes.place(point.price_usd, point.decode_tps)
        name = (
            point.name if len(point.name) <= MOST_LETTERS else f"{point.name[: MOST_LETTERS - 1].rstrip()}…"
        )
        full, short = f"{point.number} {name}", str(point.number)
        for text in (full, short) if point.name not in named else (short,):
            box, end, text_y = _free_box(text, WIDTH * x, y, taken)
            if box is None:
                continue
            taken.append(box)
            if text is full:
                named.add(point.name)
            drawn.append(_name(short, name if text is full else "", x, text_y, end))
            break
    return drawn


Box = tuple[float, float, float, float]


def _free_box(text: str, x: float, y: float, taken: Sequence[Box]) -> tuple[Box | None, str, float]:
    """A place for a text beside a point where nothing is yet: (box or None, text-anchor, y of the text)."""
    width = LETTER * len(text)
    for end, left in (("end", x - 9 - width), ("start", x + 9)):
        for text_y in (y - 8, y + 16):
            box = (left, text_y - LINE + 4, left + width, text_y + 3)
            inside = left >= 0 and left + width <= WIDTH and text_y > TOP and text_y < BASE
            if inside and not any(_meet(box, other) for other in taken):
                return box, end, text_y
    return None, "", 0.0


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _name(number: str, name: str, x: float, y: float, end: str) -> SafeString:
    rest = [element("tspan", f" {name}", class_="wide-only")] if name else []
    return element(
        "text",
        number,
        *rest,
        x=percent(x),
        dx=-9 if end == "end" else 9,
        y=y,
        text_anchor=end,
        class_="front-name",
        aria_hidden="true",
    )
