"""One bar divided by shares, such as the plans of a sweep by verdict; figures and words stand beside it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.safestring import SafeString

from planner.charts.svg import element, percent

HEIGHT = 18


def share_bar(parts: Sequence[tuple[str, float]]) -> SafeString:
    """Parts as (class, amount), drawn from the left; screen readers pass over it."""
    whole = sum(amount for _, amount in parts)
    if whole <= 0:
        return SafeString("")
    drawn, start = [], 0.0
    for class_, amount in parts:
        share = amount / whole
        if share > 0:
            drawn.append(
                element(
                    "rect",
                    x=percent(start),
                    y=0,
                    width=percent(share),
                    height=HEIGHT,
                    class_=f"share {class_}",
                )
            )
        start += share
    return element(
        "svg",
        *drawn,
        class_="chart share-bar",
        width="100%",
        height=HEIGHT,
        aria_hidden="true",
        focusable="false",
    )
