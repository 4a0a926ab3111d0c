"""What the catalog's lists can be filtered and ordered by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from hardware_catalog import bounds
from hardware_catalog.models import Device, KvFormat, LanguageModel, Machine, Runtime, WeightFormat
from hardware_catalog.search import matching
from planner.api.filtering import MOST_CHARACTERS, Order, Switch, at_least, at_most, choice, exact

GB_PER_S = 1e9


class EntryFilters(django_filters.FilterSet):
    """Search in names and aliases: every word must be there, the best match first unless another order is asked."""

    search = django_filters.CharFilter(
        method="matches", max_length=MOST_CHARACTERS, help_text="Words of the name or of another name of it."
    )

    def matches(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return matching(queryset, value) if value.strip() else queryset


class DeviceFilters(EntryFilters):
    kind = choice("kind", bounds.DEVICE_KINDS, "What kind of device.")
    vendor = exact("vendor__name", "Its maker.")
    architecture = exact("architecture", "Its architecture, such as Ada Lovelace.")
    form_factor = choice("form_factor", bounds.FORM_FACTORS, "What it is made for.")
    unified_memory = Switch("unified_memory", "Whether processor and graphics share the memory.")
    memory_gb_min = at_least(
        "memory_options__memory_gb", "A memory size that it is sold with (GB)", distinct=True
    )
    memory_gb_max = at_most(
        "memory_options__memory_gb", "A memory size that it is sold with (GB)", distinct=True
    )
    bandwidth_gb_per_s_min = at_least("bandwidth_bytes_per_s", "Memory bandwidth (GB/s)", scale=GB_PER_S)
    bandwidth_gb_per_s_max = at_most("bandwidth_bytes_per_s", "Memory bandwidth (GB/s)", scale=GB_PER_S)
    tdp_w_max = at_most("tdp_w", "Rated power (W)")
    launch_price_usd_max = at_most("launch_price_usd", "Price at launch (USD)")
    year_min = at_least("year", "Year")
    year_max = at_most("year", "Year")
    ordering = Order(
        {
            "name": "name",
            "year": "year",
            "bandwidth": "bandwidth_bytes_per_s",
            "fp16": "fp16_flops_per_s",
            "tdp": "tdp_w",
            "launch_price": "launch_price_usd",
        }
    )

    class Meta:
        model = Device
        fields: list[str] = []


class MachineFilters(EntryFilters):
    category = choice("category", bounds.MACHINE_CATEGORIES, "What kind of machine.")
    device = exact("device__slug", "Slug of the device that it is made of.")
    operating_system = choice("operating_system", bounds.OPERATING_SYSTEMS, "Its system.")
    device_count_min = at_least("device_count", "Devices in it")
    memory_gb_min = at_least("memory_gb", "Memory of one device (GB)")
    memory_gb_max = at_most("memory_gb", "Memory of one device (GB)")
    year_min = at_least("year", "Year")
    year_max = at_most("year", "Year")
    ordering = Order({"name": "name", "year": "year", "memory": "memory_gb", "devices": "device_count"})

    class Meta:
        model = Machine
        fields: list[str] = []


class ModelFilters(EntryFilters):
    vendor = exact("vendor__name", "Its maker.")
    family = exact("family", "Its family.")
    license = exact("license", "Its licence, such as apache-2.0.")
    native_format = exact("native_format__slug", "Slug of the format that it is published in.")
    parameters_min = at_least("params_published", "Published parameters")
    parameters_max = at_most("params_published", "Published parameters")
    max_context_tokens_min = at_least("max_context_tokens", "Longest context (tokens)")
    released_from = django_filters.DateFilter(
        field_name="release_date", lookup_expr="gte", help_text="Released on this day (YYYY-MM-DD) or later."
    )
    ordering = Order(
        {
            "name": "name",
            "parameters": "params_published",
            "context": "max_context_tokens",
            "released": "release_date",
        }
    )

    class Meta:
        model = LanguageModel
        fields: list[str] = []


class FormatFilters(EntryFilters):
    family = exact("family", "Its family: gguf, mlx, safetensors, …")
    speed_family = exact("speed_family", "Formats whose kernels behave alike.")
    bits_min = at_least("nominal_bits_per_weight", "Bits per weight")
    bits_max = at_most("nominal_bits_per_weight", "Bits per weight")
    ordering = Order({"name": "name", "bits": "nominal_bits_per_weight"})

    class Meta:
        model = WeightFormat
        fields: list[str] = []


class KvFormatFilters(EntryFilters):
    ordering = Order({"name": "name", "bits": "bits_per_element"})

    class Meta:
        model = KvFormat
        fields: list[str] = []


class RuntimeFilters(EntryFilters):
    backend = django_filters.CharFilter(
        field_name="supports__backend",
        lookup_expr="iexact",
        distinct=True,
        max_length=MOST_CHARACTERS,
        help_text="A backend that it has, such as CUDA.",
    )
    ordering = Order({"name": "name"})

    class Meta:
        model = Runtime
        fields: list[str] = []
