"""Template filters over :mod:`planner.figures`."""

from __future__ import annotations

from django import template

from planner import figures
from planner.plans.page import VERDICT_WORDS

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
def verdict_word(verdict: str) -> str:
    """The words of a verdict."""
    return VERDICT_WORDS[verdict]
