"""Sweeps as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from planner.api.base import address
from planner.api.catalog.fields import Number, Words
from planner.api.plans.serializers import VERDICTS, NamedSerializer
from planner.api.sweeps.asking import described
from planner.sweeps.definition import KEEP
from planner.sweeps.models import Sweep
from planner.sweeps.work.progress import progress


class PrunedSerializer(serializers.Serializer):
    """Combinations that were left out, and why."""

    reason = serializers.CharField()
    combinations = serializers.IntegerField()


class WorkingSerializer(serializers.Serializer):
    """A process at work."""

    name = serializers.CharField()
    does = serializers.CharField()


class ProgressSerializer(serializers.Serializer):
    """How far a sweep is."""

    plans_done = serializers.IntegerField()
    chunks = serializers.IntegerField()
    chunks_done = serializers.IntegerField()
    plans_per_s = Number()
    seconds_left = Number()
    workers = WorkingSerializer(many=True)
    errors = serializers.ListField(child=serializers.CharField())


class SweepSerializer(serializers.Serializer):
    """A grid of plans that somebody asked for."""

    id = serializers.UUIDField()
    url = serializers.SerializerMethodField()
    html_url = serializers.SerializerMethodField()
    plans_url = serializers.SerializerMethodField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Sweep.State.values)
    reason = Words(help_text="Why it failed or waits.")
    is_mine = serializers.SerializerMethodField()
    keep = serializers.ChoiceField(choices=list(KEEP))
    plans = serializers.IntegerField(source="n_plans", help_text="Of the whole grid.")
    snapshot = serializers.CharField(source="snapshot.sha256", help_text="What it is computed from.")
    created = serializers.DateTimeField()
    started = serializers.DateTimeField(allow_null=True)
    finished = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, sweep: Sweep) -> str:
        """Its address here."""
        return address(self.context["request"], "api:sweep", str(sweep.pk))

    @extend_schema_field(OpenApiTypes.URI)
    def get_html_url(self, sweep: Sweep) -> str:
        """Its page."""
        return address(self.context["request"], "sweeps:sweep", str(sweep.pk))

    @extend_schema_field(OpenApiTypes.URI)
    def get_plans_url(self, sweep: Sweep) -> str:
        """Its plans."""
        return address(self.context["request"], "api:sweep-plans", str(sweep.pk))

    @extend_schema_field(OpenApiTypes.BOOL)
    def get_is_mine(self, sweep: Sweep) -> bool:
        """Whether whoever asks may stop, resume and delete it."""
        return sweep.owner in self.context["owners"]


class SweepDetailSerializer(SweepSerializer):
    """The same with its question and how far it is."""

    definition = serializers.SerializerMethodField()
    pruned = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_definition(self, sweep: Sweep) -> dict[str, Any]:
        """What was asked: send it again to repeat it."""
        return described(sweep.definition)

    @extend_schema_field(PrunedSerializer(many=True))
    def get_pruned(self, sweep: Sweep) -> list[dict[str, Any]]:
        """Combinations that cannot be."""
        return [{"reason": reason, "combinations": count} for reason, count in sweep.pruned]

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, sweep: Sweep) -> dict[str, Any]:
        """How far it is."""
        found = progress(sweep)
        return {
            "plans_done": found.n_plans_done,
            "chunks": found.n_chunks,
            "chunks_done": found.n_chunks_done,
            "plans_per_s": found.plans_per_s,
            "seconds_left": found.seconds_left,
            "workers": [{"name": worker.name, "does": worker.does} for worker in found.workers],
            "errors": [f"{problem.what}: {problem.error}" for problem in found.errors],
        }


class SweptMachineSerializer(NamedSerializer):
    """A machine or device of the sweep, with count and memory in its name."""

    kind = serializers.ChoiceField(choices=["machine", "device"])


class SweptRuntimeSerializer(serializers.Serializer):
    """A program on a backend."""

    slug = serializers.CharField()
    backend = serializers.CharField()


class SweptPlanSerializer(serializers.Serializer):
    """One plan of a result; speeds are null where it does not run or they are not known."""

    plan = serializers.IntegerField(help_text="Its number in the sweep.")
    machine = SweptMachineSerializer()
    device = serializers.CharField()
    device_count = serializers.IntegerField()
    memory_gb = Number()
    devices_price_usd = Number()
    model = NamedSerializer()
    format = NamedSerializer()
    bits_per_weight = Number()
    kv_format = serializers.CharField()
    runtime = SweptRuntimeSerializer()
    context_tokens = serializers.IntegerField()
    concurrency = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    weights_bytes = Number()
    kv_bytes = Number()
    buffers_bytes = Number()
    overhead_bytes = Number()
    need_bytes = Number()
    need_high_bytes = Number()
    limit_bytes = Number()
    host_need_bytes = Number()
    decode_tps = Number()
    decode_tps_low = Number()
    decode_tps_high = Number()
    prefill_tps = Number()
    prefill_tps_low = Number()
    prefill_tps_high = Number()
    ttft_ms = Number()
    ttft_ms_low = Number()
    ttft_ms_high = Number()


class SweptPageSerializer(serializers.Serializer):
    """A page of a result's plans, wherever it lies found as quickly."""

    count = serializers.IntegerField(help_text="Plans that match.")
    first_number = serializers.IntegerField(help_text="Of the first one here among them; 0: none.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SweptPlanSerializer(many=True)
