"""Check constraints of figures: the physics that the database itself keeps, each with its sentence."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models

# Django fills in the model's label, so that one abstract class may constrain many tables.
PREFIX = "%(class)s_"


def between(
    field: str, low_high: tuple[float, float], unit: str, *, optional: bool = True
) -> models.CheckConstraint:
    """The figure lies within its bounds, or is unknown where that is allowed."""
    low, high = low_high
    condition = models.Q(**{f"{field}__gte": low, f"{field}__lte": high})
    if optional:
        condition |= models.Q(**{f"{field}__isnull": True})
    unknown = "; leave it empty when no source states it" if optional else ""
    return models.CheckConstraint(
        condition=condition,
        name=f"{PREFIX}{field}_bounds",
        violation_error_message=f"{label(field)} must be between {low:g} and {high:g} {unit}{unknown}.",
    )


def positive_up_to(field: str, high: float, unit: str, *, optional: bool = False) -> models.CheckConstraint:
    """The figure is more than zero and at most ``high``, or is unknown where that is allowed."""
    condition = models.Q(**{f"{field}__gt": 0, f"{field}__lte": high})
    if optional:
        condition |= models.Q(**{f"{field}__isnull": True})
    return models.CheckConstraint(
        condition=condition,
        name=f"{PREFIX}{field}_bounds",
        violation_error_message=f"{label(field)} must be more than 0 and at most {high:g} {unit}.",
    )


def one_of(field: str, choices: Iterable[str]) -> models.CheckConstraint:
    """The text is one of the known words."""
    words = tuple(choices)
    shown = ", ".join(word or "(empty)" for word in words)
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": words}),
        name=f"{PREFIX}{field}_known",
        violation_error_message=f"{label(field)} must be one of: {shown}.",
    )


def label(field: str) -> str:
    return field.replace("_", " ").capitalize()


def as_choices(words: Iterable[str], empty: str = "several or unknown") -> list[tuple[str, str]]:
    """Form choices of plain words."""
    return [(word, word.replace("_", " ") or empty) for word in words]
