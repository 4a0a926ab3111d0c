"""Counts, sizes and times of sweeps in templates."""

from __future__ import annotations

from django import template

from planner.sweeps.grid.estimate import Estimate
from planner.sweeps.pages import words

register = template.Library()
for name in ("count", "size", "seconds", "speed", "about_size", "about_seconds"):
    register.filter(name, getattr(words, name))


@register.filter
def in_full(number: int) -> str:
    """A count with all its digits."""
    return f"{number:,}"


@register.filter
def kept_rows(estimate: Estimate) -> str:
    """The rows that a sweep is going to keep."""
    return words.rows(estimate.n_kept, estimate.n_plans, is_at_most=estimate.is_at_most)
