"""The catalog's entries as JSON. What no source states is null; units are in the names."""

from __future__ import annotations

import math
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hardware_catalog import bounds
from planner.api.catalog.fields import EntrySerializer, FigureNoteSerializer, Number, Whole, Words
from planner.catalog_pages.model_page import sizes_by_format
from planner.catalog_pages.models import MODELS
from planner.engine.parameters import active_parameters, total_parameters


class DeviceSerializer(EntrySerializer):
    """A GPU, an Apple chip, a phone, a tablet, a computer or an accelerator."""

    detail_view, page_view = "device", "catalog:device"

    html_url = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=bounds.DEVICE_KINDS)
    vendor = serializers.CharField()
    architecture = Words()
    year = Whole()
    form_factor = Words(help_text="desktop, laptop, server, …; null: several, or unknown.")
    memory_options_gb = serializers.ListField(
        child=serializers.FloatField(),
        help_text="Sizes that it is sold with, in the vendor's GB (2³⁰ bytes each).",
    )
    memory_type = Words()
    unified_memory = serializers.BooleanField(help_text="Processor and graphics share the memory.")
    bandwidth_bytes_per_s = Number(help_text="Theoretical peak of its memory.")
    bandwidth_is_upper_limit = serializers.BooleanField()
    bandwidth_basis = Words()
    fp32_flops_per_s = Number(help_text="Vector units.")
    fp16_flops_per_s = Number(help_text="Dense, FP32 accumulate.")
    bf16_flops_per_s = Number(help_text="Dense.")
    fp8_flops_per_s = Number(help_text="Dense.")
    int8_ops_per_s = Number(help_text="Dense.")
    fp4_flops_per_s = Number(help_text="Dense.")
    npu_ops_per_s = Number(help_text="As the vendor counts.")
    interconnect = Words()
    pcie_bytes_per_s = Number(help_text="Link to the host, per direction.")
    tdp_w = Number(help_text="Rated power.")
    launch_price_usd = Number()
    carried_by = Words(help_text="Products that carry this chip.")
    figure_notes = FigureNoteSerializer(many=True)


class MachineSerializer(EntrySerializer):
    """A product as people know it, made of devices of the catalog."""

    detail_view, page_view = "machine", "catalog:machine"

    html_url = serializers.SerializerMethodField()
    category = serializers.ChoiceField(choices=bounds.MACHINE_CATEGORIES)
    device = serializers.CharField(help_text="Slug of the device that it is made of.")
    device_count = serializers.IntegerField()
    memory_gb = serializers.FloatField(help_text="Of one device (unified: of the machine).")
    host_memory_gb = Number(help_text="Memory beside the devices; null: unified, or not stated.")
    host_device = Words(help_text="Slug of its processor.")
    operating_system = serializers.ChoiceField(choices=bounds.OPERATING_SYSTEMS)
    year = Whole()


class CountedSerializer(serializers.Serializer):
    """What follows from the published configuration."""

    parameters = serializers.IntegerField()
    active_parameters = serializers.IntegerField(help_text="Weights read for each token.")
    layers = serializers.IntegerField()
    hidden_size = serializers.IntegerField()
    vocabulary = serializers.IntegerField()
    experts = serializers.IntegerField(help_text="0: a dense model.")
    experts_used = serializers.IntegerField()


class ModelSizeSerializer(serializers.Serializer):
    """The file of a model in one format."""

    format = serializers.CharField(help_text="Slug.")
    name = serializers.CharField()
    bits_per_weight = serializers.FloatField()
    file_bytes = serializers.IntegerField()


class ModelSerializer(EntrySerializer):
    """An open-weight language model: its published architecture and totals."""

    detail_view, page_view = "model", "catalog:model"

    html_url = serializers.SerializerMethodField()
    family = serializers.CharField()
    vendor = serializers.CharField()
    hf_repo = Words()
    params_published = Whole()
    params_published_note = Words()
    params_check = serializers.CharField(help_text="Why computed and published totals differ, or “ok”.")
    active_params_published = Whole()
    counted = serializers.SerializerMethodField()
    native_precision = serializers.CharField()
    native_format = serializers.CharField(help_text="Slug of the format that it is published in.")
    max_context_tokens = Whole()
    license = Words()
    release_date = Words(help_text="YYYY-MM-DD.")
    release_date_note = Words()

    @extend_schema_field(CountedSerializer(allow_null=True))
    def get_counted(self, row: Any) -> dict[str, int] | None:
        """Counted from the architecture; null where too little of it is published."""
        found = MODELS.lines(self.context["snapshot"])[row.slug].architecture
        if found is None:
            return None
        return {
            "parameters": round(total_parameters(found)),
            "active_parameters": round(active_parameters(found)),
            "layers": found.n_layers,
            "hidden_size": found.hidden_size,
            "vocabulary": found.vocab_size,
            "experts": found.n_experts if found.is_moe else 0,
            "experts_used": found.n_experts_used if found.is_moe else 0,
        }

    def citations(self, row: Any) -> tuple[str, ...]:
        return (*row.sources, row.params_published_source, row.active_params_source)


class ModelDetailSerializer(ModelSerializer):
    """The same with its configuration, and its size in common formats."""

    config = serializers.SerializerMethodField()
    sizes = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_config(self, row: Any) -> dict[str, Any]:
        """The published configuration, field by field."""
        return dict(row.config)

    @extend_schema_field(ModelSizeSerializer(many=True))
    def get_sizes(self, row: Any) -> list[dict[str, Any]]:
        """Files in common formats, the largest first."""
        snapshot = self.context["snapshot"]
        line = MODELS.lines(snapshot)[row.slug]
        return [
            {"format": slug, "name": name, "bits_per_weight": significant(bits), "file_bytes": round(size)}
            for slug, name, bits, size in sizes_by_format(line, snapshot)
        ]


class FormatSerializer(EntrySerializer):
    """How weights are stored: exact bits per tensor class, as rules over block types."""

    detail_view = "format"

    family = serializers.CharField()
    speed_family = serializers.CharField(help_text="Formats whose kernels behave alike.")
    nominal_bits_per_weight = Number()
    approximate = serializers.SerializerMethodField()
    rules = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_approximate(self, row: Any) -> bool:
        """No fixed rule says how each tensor is stored."""
        return bool(row.rules.get("approximate"))

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_rules(self, row: Any) -> dict[str, Any]:
        """Block types by tensor class."""
        return dict(row.rules)


class KvFormatSerializer(EntrySerializer):
    """How the KV cache is stored."""

    detail_view = "kv-format"

    bits_per_element = serializers.FloatField()


class RuleSerializer(serializers.Serializer):
    """On this backend and hardware the program runs these formats."""

    backend = serializers.CharField()
    hardware = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Selectors that must all match; an empty one matches every device.",
    )
    format_families = serializers.ListField(child=serializers.CharField())
    formats = serializers.ListField(child=serializers.CharField())
    except_formats = serializers.ListField(child=serializers.CharField())
    except_speed_families = serializers.ListField(child=serializers.CharField())
    kv_formats = serializers.ListField(child=serializers.CharField())
    execution = serializers.ChoiceField(choices=["native", "weight_only", "emulated"])
    notes = Words()
    source = serializers.CharField()


class RuntimeSerializer(EntrySerializer):
    """A program that runs models, and what it runs where."""

    detail_view = "runtime"

    backends = serializers.ListField(child=serializers.CharField())
    kv_rule = serializers.CharField(help_text="Which memory rules of the engine apply.")
    supports = RuleSerializer(many=True)


def significant(value: float, digits: int = 6) -> float | None:
    """A figure to so many digits; null where it is not known."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
