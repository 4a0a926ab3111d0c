"""Writing SVG: every value escaped, horizontal places in per cent, so that a chart fits any width."""

from __future__ import annotations

from html import escape

from django.utils.safestring import SafeString, mark_safe


def figure(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage of the chart's width."""
    return f"{figure(100 * share)}%"


def element(name: str, *children: str, **attributes: str | float | None) -> SafeString:
    """One element. ``class_`` writes ``class``, underscores write hyphens, ``None`` leaves the attribute out.

    Attribute values are escaped, and children that are not elements themselves.
    """
    written = [name]
    for key, value in attributes.items():
        if value is None:
            continue
        text = figure(value) if isinstance(value, int | float) else escape(value)
        written.append(f'{key.rstrip("_").replace("_", "-")}="{text}"')
    inner = "".join(child if isinstance(child, SafeString) else escape(child) for child in children)
    # Every part above is escaped or made here.
    return mark_safe(f"<{' '.join(written)}>{inner}</{name}>")  # noqa: S308


def chart(
    *children: str,
    title: str,
    description: str,
    identity: str,
    height: int,
    class_: str,
    role: str = "img",
) -> SafeString:
    """An ``<svg>`` as wide as its place, ``height`` pixels high, named and described for screen readers.

    One with links is a "group", for in an image nothing may be a link.
    """
    return element(
        "svg",
        element("title", title, id=f"{identity}-title"),
        element("desc", description, id=f"{identity}-desc"),
        *children,
        role=role,
        aria_labelledby=f"{identity}-title",
        aria_describedby=f"{identity}-desc",
        class_=f"chart {class_}",
        width="100%",
        height=height,
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str, *children: str) -> SafeString:
    """A line between two places: x as shares of the width, y in pixels."""
    return element("line", *children, x1=percent(x1), y1=y1, x2=percent(x2), y2=y2, class_=class_)


def label(
    text: str, x: float, y: float, class_: str, *, dx: float | None = None, end: str = "start"
) -> SafeString:
    """A text at ``x`` (a share of the width), which screen readers pass over: the description says it all."""
    return element(
        "text",
        text,
        x=percent(x),
        dx=dx,
        y=y,
        text_anchor=None if end == "start" else end,
        class_=class_,
        aria_hidden="true",
    )


def stretched(*children: str, height: int) -> SafeString:
    """A layer for lines and areas: x runs from 0 to 1000 over the chart's whole width, y is in pixels."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 1000 {height}",
        preserveAspectRatio="none",
        width="100%",
        height=height,
        aria_hidden="true",
    )


def path(points: list[tuple[float, float]], *, close: bool = False) -> str:
    """The ``d`` of a path through (share of width, y in pixels) points."""
    steps = " L".join(f"{figure(1000 * x)} {figure(y)}" for x, y in points)
    return f"M{steps}{' Z' if close else ''}"


def anchor(share: float, *, edge: float = 0.12) -> str:
    """Which end of a text stands at ``share``, so that it does not leave the chart."""
    return "start" if share < edge else "end" if share > 1 - edge else "middle"
