"""What the sizing of a service looks like, for the description only."""

from __future__ import annotations

from rest_framework import serializers

from planner.api.catalog.fields import Number, Whole, Words
from planner.api.plans.serializers import VERDICTS, IntervalSerializer, NamedSerializer
from planner.serving.sizing import MEMORY, TPOT, TTFT


class SetUpSerializer(serializers.Serializer):
    """Equal instances of the model side by side, under the load that was asked for."""

    name = serializers.CharField(help_text="What one buys.")
    device = serializers.CharField(help_text="Slug.")
    device_name = serializers.CharField()
    memory_gb = Number(help_text="Of one device.")
    carried_by = Words(help_text="Products that the device is in.")
    devices_per_instance = serializers.IntegerField(help_text="Tensor parallelism, or layers on each.")
    replicas = serializers.IntegerField(help_text="Instances side by side (data parallelism).")
    devices = serializers.IntegerField(help_text="Of all instances.")
    runtime = serializers.CharField(help_text="Slug.")
    runtime_name = serializers.CharField()
    backend = serializers.CharField()
    format = serializers.CharField(help_text="Slug.")
    format_name = serializers.CharField()
    bits_per_weight = Number()
    verdict = serializers.ChoiceField(choices=VERDICTS, help_text="Of the memory of one instance.")
    sure = serializers.BooleanField(
        help_text="Both limits hold at the far ends of the 90 % intervals, and the memory fits with its margin."
    )
    concurrency = serializers.IntegerField(help_text="Conversations at once of one instance.")
    decode_tps = IntervalSerializer(help_text="Writing, tokens/s of one conversation.")
    tpot_ms = IntervalSerializer(help_text="Time per token of one conversation.")
    ttft_ms = IntervalSerializer(help_text="Time to the first token.")
    total_tps = Number(help_text="Writing, tokens/s of all conversations.")
    need_bytes = Whole(help_text="Of one instance.")
    limit_bytes = Whole()
    most_concurrency = serializers.IntegerField(
        help_text="Conversations at once of one instance within both limits and the memory."
    )
    most_load = Number(help_text="Of all instances: conversations at once, or requests a second.")
    breaks = serializers.ChoiceField(
        choices=[MEMORY, TPOT, TTFT],
        allow_null=True,
        help_text="What gives way beyond that; null: nothing up to the most that is looked at.",
    )
    headroom = Number(help_text="Share of the asked load that could come on top.")
    limited_by = serializers.CharField(help_text="The largest part of the time of a token.")
    price_usd = Number(help_text="Launch price of all devices; null: no source states it.")
    others = serializers.IntegerField(help_text="Further set-ups of the same device that serve it.")


class CountsSerializer(serializers.Serializer):
    """How many set-ups there are."""

    looked_at = serializers.IntegerField()
    serve = serializers.IntegerField(help_text="That hold the load within the limits.")
    set_ups = serializers.IntegerField(help_text="Of the ranked list, before its limit.")
    unpriced = serializers.IntegerField(help_text="Of the list without prices, before its limit.")


class RefusedSerializer(serializers.Serializer):
    """Set-ups that do not serve it, by reason: with one conversation alone, but for the devices."""

    memory = serializers.IntegerField()
    tpot = serializers.IntegerField()
    ttft = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Their speed is not known.")
    devices = serializers.IntegerField(help_text="They would need more devices than allowed.")


class AloneSerializer(serializers.Serializer):
    """The shortest times that any set-up reaches with one conversation."""

    tpot_ms = Number()
    ttft_ms = Number()


class ServingUnderstoodSerializer(serializers.Serializer):
    """The question as it was understood."""

    model = serializers.CharField()
    format = serializers.CharField()
    kv_format = serializers.CharField()
    runtime = serializers.CharField(help_text="“”: those that people serve with.")
    prompt_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    concurrency = Whole()
    requests_per_s = Number()
    ttft_ms = Number()
    tpot_ms = Number()
    device = serializers.CharField(help_text="“”: every candidate.")
    memory_gb = Number()
    device_count = Whole()
    least_bits = Number()
    most_devices = serializers.IntegerField()


class AnsweringCalibrationSerializer(serializers.Serializer):
    """The calibration that the speeds come from."""

    name = serializers.CharField()
    sha256 = serializers.CharField()


class SizingSerializer(serializers.Serializer):
    """The machines that serve it."""

    sentence = serializers.CharField()
    question = ServingUnderstoodSerializer()
    model = NamedSerializer()
    set_ups = SetUpSerializer(many=True, help_text="The cheapest first.")
    unpriced = SetUpSerializer(many=True, help_text="No source states a price: the fewest devices first.")
    counts = CountsSerializer()
    refused = RefusedSerializer()
    alone = AloneSerializer()
    notes = serializers.ListField(child=serializers.CharField())
    snapshot = serializers.CharField()
    calibration = AnsweringCalibrationSerializer()
