"""Filters of the lists: what is not known or wrong is refused with its reason; what is unknown comes last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import django_filters
from django.db import connection
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Collate, Lower, NullIf
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from planner.api import problems
from planner.api.problems import Problem, unknown
from planner.plans.fields import CONTROL

MOST_CHARACTERS = 200
MOST_FIGURE = 10**15


def alphabetical(name: str) -> Collate:
    """A text field in an order of letters that is the same on every database; what is empty counts as unknown."""
    collation = "C" if connection.vendor == "postgresql" else "BINARY"
    return Collate(Lower(NullIf(F(name), Value(""))), collation)


class Filters(DjangoFilterBackend):
    """django-filter's backend, its errors told as problems that name the parameter."""

    raise_exception = False

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        errors = [
            {"detail": str(text), "parameter": name}
            for name, texts in filterset.errors.items()
            for text in texts
        ]
        errors += [
            {"detail": "This holds a character that no name has.", "parameter": name}
            for name, value in request.query_params.items()
            if CONTROL.search(value)
        ]
        if errors:
            raise Problem("bad-parameter", problems.summary(errors), errors)
        found: QuerySet[Any] = filterset.qs
        return found


class Order(django_filters.ChoiceFilter):
    """``?ordering=year`` or ``-year``: one of the named orders; unknown values last, equals by slug."""

    def __init__(self, orders: Mapping[str, str], *, tie: str = "slug") -> None:
        self.orders, self.tie = orders, tie
        names = [name for key in orders for name in (key, f"-{key}")]
        super().__init__(
            choices=[(name, name) for name in names],
            empty_label=None,
            help_text="Order; “-” turns it round. What is unknown comes last.",
        )
        self.names = names
        self.extra["error_messages"] = {
            "invalid_choice": f"“%(value)s” is no order here. Known: {', '.join(names)}."
        }

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return queryset
        name = self.orders[value.removeprefix("-")]
        is_text = isinstance(queryset.model._meta.get_field(name), CharField)
        field = alphabetical(name) if is_text else F(name)
        order = field.desc(nulls_last=True) if value.startswith("-") else field.asc(nulls_last=True)
        return queryset.order_by(order, self.tie)


def choice(field: str, words: Iterable[str], help_text: str) -> django_filters.ChoiceFilter:
    """A filter by one of a few words."""
    known = [word for word in words if word]
    found = django_filters.ChoiceFilter(
        field_name=field, choices=[(word, word) for word in known], empty_label=None, help_text=help_text
    )
    found.extra["error_messages"] = {
        "invalid_choice": f"“%(value)s” is not known. Known: {', '.join(known)}."
    }
    return found


def exact(field: str, help_text: str) -> django_filters.CharFilter:
    """A filter by a whole word, in any case."""
    return django_filters.CharFilter(
        field_name=field, lookup_expr="iexact", max_length=MOST_CHARACTERS, help_text=help_text
    )


def at_least(field: str, help_text: str, **options: Any) -> django_filters.NumberFilter:
    """A filter by a figure's lower bound: what is unknown does not pass."""
    return Figure(field_name=field, lookup_expr="gte", help_text=f"{help_text}, at least", **options)


def at_most(field: str, help_text: str, **options: Any) -> django_filters.NumberFilter:
    """A filter by a figure's upper bound: what is unknown does not pass."""
    return Figure(field_name=field, lookup_expr="lte", help_text=f"{help_text}, at most", **options)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": MOST_FIGURE})
class Figure(django_filters.NumberFilter):
    """A number in the unit of the parameter; ``scale`` makes it the field's."""

    def __init__(self, *args: Any, scale: float = 1.0, **options: Any) -> None:
        self.scale = scale
        options |= {"min_value": 0, "max_value": MOST_FIGURE}
        super().__init__(*args, **options)

    def filter(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        # options of several memory sizes would list a device more than once
        found = super().filter(queryset, None if value is None else float(value) * self.scale)
        return found.distinct() if self.distinct else found


@extend_schema_field({"type": "boolean"})
class Switch(django_filters.ChoiceFilter):
    """``true`` or ``false``; anything else is refused, where the framework's own filter would take it for none."""

    def __init__(self, field: str, help_text: str) -> None:
        super().__init__(
            field_name=field,
            choices=[("true", "true"), ("false", "false")],
            empty_label=None,
            help_text=help_text,
        )
        self.extra["error_messages"] = {"invalid_choice": "Write true or false."}

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(**{str(self.field_name): value == "true"}) if value else queryset


def known_slugs(known: Iterable[str], value: str, parameter: str, noun: str) -> None:
    """Raise a 400 where no entry has the slug."""
    names: Sequence[str] = list(known)
    if value not in names:
        reason = unknown(value, names, noun) if len(names) < 400 else _unknown_slug(value, names, noun)
        raise Problem("bad-parameter", reason, [{"detail": reason, "parameter": parameter}])


def _unknown_slug(value: str, names: Sequence[str], noun: str) -> str:
    reason = unknown(value, names, noun)
    return (
        reason
        if "Did you mean" in reason
        else f"{reason.partition(' Known: ')[0]} The list says what there is."
    )
