"""Template filters of the methodology: factors, signs, and sources as links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from planner.figures import MINUS, significant

register = template.Library()
METRIC_WORDS = {
    "decode": "writing",
    "prefill": "reading a prompt",
    "ttft": "time to the first token",
    "served_decode": "writing for several",
    "served_ttft": "first token for several",
}
SUBSCRIPTED = {"W_d": ("W", "d"), "W_e": ("W", "e"), "F_e": ("F", "e"), "F_a": ("F", "a")}


@register.filter
def figure(value: float) -> str:
    """A figure with three significant digits."""
    return significant(value, 3)


@register.filter
def signed(value: float) -> str:
    """A figure with three significant digits and its sign."""
    return f"{MINUS if value < 0 else '+'}{significant(abs(value), 3)}"


@register.filter
def percent(value: float) -> str:
    """A share in per cent with one decimal."""
    return f"{value * 100:.1f} %"


@register.filter
def plain(value: float) -> str:
    """A number without trailing zeros."""
    return f"{value:g}"


@register.filter
def years(value: float) -> str:
    """A number of years: "1 year", "2.5 years"."""
    return f"{value:g} {'year' if value == 1 else 'years'}"


@register.filter
def spaced(name: str) -> str:
    """A coefficient's name in words."""
    return name.replace("_", " ")


@register.filter
def metric_words(metric: str) -> str:
    """A metric in words."""
    return METRIC_WORDS.get(metric, metric)


@register.filter
def differs_from_one(value: float) -> bool:
    """Whether a factor changes anything that is shown."""
    return abs(value - 1.0) > 1e-4


@register.filter
def symbol(name: str) -> SafeString | str:
    """A symbol with its subscript."""
    parts = SUBSCRIPTED.get(name)
    return format_html("{}<sub>{}</sub>", *parts) if parts else name


@register.filter
def coefficient(lines: Sequence[Any], name: str) -> str:
    """The value of one coefficient of the plan."""
    return next((str(line.shown) for line in lines if line.name == name), "not used")


@register.filter
def source_link(source: str) -> SafeString | str:
    """A source as a link that names the site and the last part of its address; other citations as they are."""
    if not source.startswith(("https://", "http://")):
        return source
    address = urlsplit(source)
    tail = [part for part in address.path.split("/") if part]
    shown = " / ".join(
        [address.netloc.removeprefix("www."), *(tail[:2] if len(tail) > 2 else tail[:-1]), *tail[-1:]]
    )
    return format_html('<a href="{}" rel="noreferrer">{}</a>', source, shown)
