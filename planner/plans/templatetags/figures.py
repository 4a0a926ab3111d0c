"""Template filters over :mod:`planner.figures`."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from planner import figures
from planner.plans.verdicts import VERDICT_MARKS

register = template.Library()

for name in (
    "gib",
    "gib_like",
    "gb",
    "rate",
    "rate_range",
    "duration",
    "duration_range",
    "tokens",
    "tokens_short",
    "bits",
    "share",
):
    register.filter(name, getattr(figures, name))


@register.filter
def verdict(key: str) -> SafeString:
    """A verdict as its shape and its words; nothing where none is given."""
    return VERDICT_MARKS[key] if key else SafeString("")
