"""Counts, sizes and times of sweeps in templates."""

from __future__ import annotations

from django import template

from planner.sweeps.pages import words

register = template.Library()
for name in ("count", "size", "seconds", "about_count", "about_size", "about_seconds"):
    register.filter(name, getattr(words, name))


@register.filter
def in_full(number: int) -> str:
    """A count with all its digits."""
    return f"{number:,}"
