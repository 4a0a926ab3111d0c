"""Measurements, prices and calibrations as JSON. What is not stated is null."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hardware_catalog.measured import METRICS, ORIGINS, OUTCOMES
from hardware_catalog.models import Measurement
from planner.api.base import address
from planner.api.catalog.fields import Number, SourceSerializer, Whole, Words, sources_of
from planner.calibration.models import CalibrationVersion
from planner.measurements.lines import INSIDE, OUTSIDE, verdict_of
from planner.measurements.words import METRICS as METRIC_WORDS


class PredictionSerializer(serializers.Serializer):
    """What we predict for the same set-up."""

    value = Number(help_text="In the unit of the measurement; null where nothing is predicted.")
    low = Number()
    high = Number()
    status = serializers.CharField(help_text="ok, ambiguous, not_in_catalog, unknown_figure or invalid.")
    reason = Words()
    agreement = serializers.ChoiceField(
        choices=[INSIDE, OUTSIDE],
        allow_null=True,
        help_text="Whether the measured value lies in the 90 % interval; null where they are not compared.",
    )


class MeasurementSerializer(serializers.Serializer):
    """What somebody measured, as the source states it, and what became of it here."""

    id = serializers.CharField(source="slug")
    origin = serializers.ChoiceField(choices=ORIGINS)
    device_text = Words(help_text="As the source writes it.")
    device = Words(source="device.slug", default=None, help_text="Slug of the entry; null: not one entry.")
    device_count = Whole()
    device_memory_gb = Number()
    model_text = serializers.CharField()
    model = Words(source="language_model.slug", default=None)
    format_text = Words()
    format = Words(source="weight_format.slug", default=None)
    runtime_text = Words()
    runtime = Words(source="runtime.slug", default=None)
    runtime_version = Words()
    backend_text = Words()
    backend = Words()
    parallelism = Words()
    batch = Whole(help_text="Sequences at a time.")
    prompt_tokens = Whole()
    ctx_depth = Whole(help_text="Tokens in the cache before.")
    output_tokens = Whole()
    metric = serializers.ChoiceField(choices=METRICS)
    value = serializers.FloatField()
    unit = serializers.SerializerMethodField()
    stddev = Number()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    outcome_reason = Words()
    rule = Words(help_text="The rule that keeps it out of the fit.")
    flags = serializers.DictField(child=serializers.CharField(), help_text="Remarks with their reasons.")
    notes = Words()
    source_url = Words()
    source_date = Words()
    source_family = Words(help_text="One tester.")
    url = serializers.SerializerMethodField()
    html_url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=["tokens/s", "ms", "bytes"]))
    def get_unit(self, row: Measurement) -> str:
        """Of the value."""
        return METRIC_WORDS[row.metric].unit

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: Measurement) -> str:
        """Its address here."""
        return address(self.context["request"], "api:measurement", row.slug)

    @extend_schema_field(OpenApiTypes.URI)
    def get_html_url(self, row: Measurement) -> str:
        """Its page."""
        return address(self.context["request"], "measurements:measurement", row.slug)


class MeasurementDetailSerializer(MeasurementSerializer):
    """The same with our prediction."""

    prediction = serializers.SerializerMethodField()

    @extend_schema_field(PredictionSerializer)
    def get_prediction(self, row: Measurement) -> dict[str, Any]:
        """For the same set-up."""
        found = self.context["predictions"][row.slug]
        return {
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "status": found.status,
            "reason": found.reason or None,
            "agreement": verdict_of(row, found) or None,
        }


class PriceSerializer(serializers.Serializer):
    """What a device costs. The context holds the snapshot."""

    device = serializers.CharField(source="slug", help_text="Slug of the device.")
    name = serializers.CharField()
    vendor = serializers.CharField()
    kind = serializers.SerializerMethodField()
    price_usd = Number(source="launch_price_usd")
    year = Whole(help_text="When the device came out.")
    notes = serializers.SerializerMethodField()
    sources = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=["launch"]))
    def get_kind(self, row: Any) -> str:
        """Which price: the maker's when the device came out."""
        return "launch"

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_notes(self, row: Any) -> list[str]:
        """What to know of the price."""
        return [note.text for note in row.figure_notes if note.field == "launch_price_usd"]

    @extend_schema_field(SourceSerializer(many=True))
    def get_sources(self, row: Any) -> list[dict[str, Any]]:
        """Sources of the device."""
        return sources_of(row.sources, self.context["snapshot"])


class CalibrationSerializer(serializers.Serializer):
    """Coefficients of the speed, fitted to measurements. The context says which one answers."""

    sha256 = serializers.CharField()
    name = serializers.CharField()
    active = serializers.SerializerMethodField()
    origin = serializers.ChoiceField(choices=CalibrationVersion.Origin.values)
    schema = serializers.CharField()
    formula_version = serializers.IntegerField()
    data_sha256 = serializers.CharField(help_text="Of the measurements that it was fitted to.")
    rows = serializers.DictField(
        child=serializers.IntegerField(), help_text="Measurements that taught it, by metric."
    )
    accuracy = serializers.DictField(
        child=serializers.DictField(child=Number()), help_text="Held-out error and coverage, by metric."
    )
    note = Words()
    created = serializers.DateTimeField(help_text="Registered here.")
    url = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_active(self, version: CalibrationVersion) -> bool:
        """Whether it answers now."""
        return bool(version.sha256 == self.context["active"])

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, version: CalibrationVersion) -> str:
        """Its address here."""
        return address(self.context["request"], "api:calibration", version.sha256)


class CalibrationDetailSerializer(CalibrationSerializer):
    """The same with the file itself."""

    document = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_document(self, version: CalibrationVersion) -> Any:
        """The file: groups with their coefficients, standard errors, counts and residuals."""
        return self.context["document"]
