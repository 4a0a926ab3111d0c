"""What measurements, prices and calibrations can be filtered and ordered by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from hardware_catalog.measured import FLAGS, METRICS, ORIGINS, OUTCOMES
from hardware_catalog.models import Device, Measurement
from planner.api.catalog.filters import EntryFilters
from planner.api.filtering import (
    MOST_CHARACTERS,
    Order,
    at_least,
    at_most,
    choice,
    exact,
    known_slugs,
)
from planner.calibration.models import CalibrationVersion
from planner.measurements.filters import SEARCHED
from planner.snapshot import current

MOST_WORDS = 8


class Slug(django_filters.CharFilter):
    """By the slug of an entry of the catalog; one that it does not have is refused."""

    def __init__(self, field: str, rows: str, noun: str) -> None:
        self.rows, self.noun, self.parameter = rows, noun, field.removeprefix("language_") or "device"
        super().__init__(
            field_name=f"{field}__slug" if field else "slug",
            max_length=MOST_CHARACTERS,
            help_text=f"Slug of a {noun}.",
        )

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value:
            known: Mapping[str, Any] = getattr(current(), self.rows)
            known_slugs(known, value, self.parameter, self.noun)
        return super().filter(queryset, value)


class MeasurementFilters(django_filters.FilterSet):
    """Published and own measurements."""

    search = django_filters.CharFilter(
        method="matches", max_length=MOST_CHARACTERS, help_text="Words of the names, the source or the notes."
    )
    device = Slug("device", "devices", "device")
    model = Slug("language_model", "models", "language model")
    weight_format = Slug("weight_format", "formats", "weight format")
    runtime = Slug("runtime", "runtimes", "program")
    backend = exact("backend", "Its backend, such as CUDA.")
    metric = choice("metric", METRICS, "What was measured.")
    outcome = choice("outcome", OUTCOMES, "What became of the row.")
    origin = choice("origin", ORIGINS, "Where the row came from.")
    flag = django_filters.ChoiceFilter(
        field_name="flags",
        lookup_expr="has_key",
        choices=[(flag, flag) for flag in FLAGS],
        empty_label=None,
        help_text="A remark that it has.",
    )
    source_family = exact("source_family", "One tester: GitHub owner/repository, or the host.")
    year_min = at_least("year", "Year")
    year_max = at_most("year", "Year")
    value_min = at_least("value", "The measured value, in the unit of its metric")
    value_max = at_most("value", "The measured value, in the unit of its metric")
    batch_min = at_least("batch", "Sequences at a time")
    batch_max = at_most("batch", "Sequences at a time")
    device_count_min = at_least("device_count", "Devices")
    prompt_tokens_min = at_least("prompt_tokens", "Prompt (tokens)")
    ordering = Order(
        {
            "id": "slug",
            "date": "source_date",
            "value": "value",
            "device": "device_text",
            "model": "model_text",
        }
    )

    class Meta:
        model = Measurement
        fields: list[str] = []

    def matches(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        for word in value.split()[:MOST_WORDS]:
            queryset = queryset.filter(
                reduce(or_, (Q(**{f"{field}__icontains": word}) for field in SEARCHED))
            )
        return queryset


class PriceFilters(EntryFilters):
    """Prices of devices."""

    device = Slug("", "devices", "device")
    vendor = exact("vendor__name", "Maker of the device.")
    price_usd_min = at_least("launch_price_usd", "Price (USD)")
    price_usd_max = at_most("launch_price_usd", "Price (USD)")
    year_min = at_least("year", "Year")
    year_max = at_most("year", "Year")
    ordering = Order({"device": "name", "price": "launch_price_usd", "year": "year"})

    class Meta:
        model = Device
        fields: list[str] = []


class CalibrationFilters(django_filters.FilterSet):
    """Calibrations that are registered here."""

    search = django_filters.CharFilter(
        field_name="name", lookup_expr="icontains", max_length=MOST_CHARACTERS, help_text="Part of its name."
    )
    origin = choice("origin", CalibrationVersion.Origin.values, "Where it came from.")
    name = exact("name", "Its name.")
    ordering = Order({"name": "name", "created": "created"}, tie="pk")

    class Meta:
        model = CalibrationVersion
        fields: list[str] = []
