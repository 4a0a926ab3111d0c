"""What a plan looks like, for the description only: documents are written once, when the plan is made."""

from __future__ import annotations

from rest_framework import serializers

from planner.api.catalog.fields import Number, Whole, Words
from planner.engine.verdict import WORDS

VERDICTS = list(WORDS)


class NamedSerializer(serializers.Serializer):
    """An entry of the catalog."""

    slug = serializers.CharField()
    name = serializers.CharField()


class PlannedDeviceSerializer(NamedSerializer):
    """The device; its slug is “own” for figures of one's own."""

    count = serializers.IntegerField()


class PlannedFormatSerializer(NamedSerializer):
    """The weight format that was asked for or chosen."""

    bits_per_weight = Number()


class PlannedRuntimeSerializer(NamedSerializer):
    """The program and what it runs on."""

    backend = serializers.CharField()


class IntervalSerializer(serializers.Serializer):
    """A prediction with its 90 % interval."""

    value = Number()
    low = Number()
    high = Number()


class UnderstoodSerializer(serializers.Serializer):
    """The question as it was understood."""

    device = Words()
    machine = Words()
    count = serializers.IntegerField()
    memory_gb = Number()
    host_memory_gb = Number()
    held_gib = Number()
    bandwidth_gb_per_s = Number()
    fp16_tflops = Number()
    model = serializers.CharField()
    format = serializers.CharField()
    runtime = Words()
    kv_format = serializers.CharField()
    context_tokens = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    concurrency = serializers.IntegerField()


class PartSerializer(serializers.Serializer):
    """A part of the memory on all devices together."""

    key = serializers.ChoiceField(choices=["weights", "kv_cache", "buffers", "overhead"])
    label = serializers.CharField()
    bytes = Whole()
    explanation = serializers.CharField()


class PlaceSerializer(serializers.Serializer):
    """The memory of each device (the fullest where they differ), or of the host."""

    role = serializers.ChoiceField(choices=["device", "host"])
    count = serializers.IntegerField()
    need_bytes = Whole()
    limit_bytes = Whole(help_text="What a program may use; null: not stated.")
    capacity_bytes = Whole()
    parts = serializers.DictField(child=Whole(), help_text="Bytes by part.")


class MemorySerializer(serializers.Serializer):
    """What it needs, against what a program may use."""

    need_bytes = Whole(help_text="All devices together.")
    need_high_bytes = Whole(help_text="Upper bound of the need.")
    limit_bytes = Whole()
    margin_bytes = Whole(help_text="It fits where the upper bound leaves so much below the limit.")
    spare_bytes = Whole(help_text="Negative where it does not fit.")
    capacity_bytes = Whole(help_text="Physical memory of the devices.")
    held_bytes = Whole(help_text="Held by other programs, as was said.")
    limit_explanation = serializers.CharField()
    limit_source_url = Words()
    longest_context_tokens = Whole(help_text="Longest context that fits; null: none does.")
    parts = PartSerializer(many=True)
    places = PlaceSerializer(many=True)


class SpeedSerializer(serializers.Serializer):
    """How fast it runs; null with a reason where that is not known."""

    decode_tps = IntervalSerializer(allow_null=True, help_text="Writing, tokens/s of one conversation.")
    prefill_tps = IntervalSerializer(allow_null=True, help_text="Reading the prompt, tokens/s.")
    ttft_ms = IntervalSerializer(allow_null=True, help_text="Time to the first token.")
    decode_tps_total = IntervalSerializer(allow_null=True, help_text="Of all conversations together.")
    sustained_decode_tps = IntervalSerializer(allow_null=True, help_text="What a phone keeps up.")
    unknown_reason = Words()
    limited_by = serializers.CharField()


class FormatOptionSerializer(serializers.Serializer):
    """The same in another format."""

    slug = serializers.CharField()
    name = serializers.CharField()
    bits_per_weight = Number()
    need_bytes = Whole()
    file_bytes = Whole()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    decode_tps = IntervalSerializer(allow_null=True)
    chosen = serializers.BooleanField()


class ContextSerializer(serializers.Serializer):
    """The same with another context, its cache full."""

    context_tokens = serializers.IntegerField()
    need_bytes = Whole()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    decode_tps = IntervalSerializer(allow_null=True)
    prefill_tps = IntervalSerializer(allow_null=True)


class StepSerializer(serializers.Serializer):
    """A formula with this plan's numbers in it."""

    name = serializers.CharField()
    formula = serializers.CharField()
    substituted = serializers.CharField()
    result = serializers.CharField()
    source_url = Words()


class FormulaSerializer(serializers.Serializer):
    """How the numbers follow."""

    version = serializers.IntegerField()
    inputs = serializers.DictField(child=Number(), help_text="What the speed's formulas take, in SI units.")
    coefficients = serializers.DictField(child=Number(), help_text="Of the calibration, for this plan.")
    steps = StepSerializer(many=True)


class NearestSerializer(serializers.Serializer):
    """A published measurement near the plan."""

    id = serializers.CharField()
    device = serializers.CharField()
    model = serializers.CharField()
    format = serializers.CharField()
    runtime = serializers.CharField()
    workload = Words()
    metric = serializers.CharField()
    unit = serializers.CharField()
    measured = Number()
    predicted = IntervalSerializer(allow_null=True)
    agreement = Words(help_text="inside, outside, or null where they are not compared.")
    not_compared_because = Words()
    differs = serializers.ListField(child=serializers.CharField(), help_text="From the plan.")
    distance = Number()
    date = Words()
    source_url = Words()


class ChangeSerializer(serializers.Serializer):
    """What would change the answer."""

    text = serializers.CharField()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    query = Words(help_text="The changed question, for the address of the page.")


class PlanCalibrationSerializer(serializers.Serializer):
    """The calibration behind the speeds."""

    sha256 = serializers.CharField()
    name = serializers.CharField()
    registered = Words()
    measurements = serializers.IntegerField(help_text="That taught it.")
    measured_until = Words()


class PlanSourceSerializer(serializers.Serializer):
    """Where numbers come from, and which part of the plan they are cited for."""

    of = serializers.CharField()
    citation = serializers.CharField()
    url = Words()
    licence = Words()
    verified = serializers.BooleanField()


class PlanSerializer(serializers.Serializer):
    """A question with its whole answer. It never changes."""

    url = serializers.URLField()
    html_url = serializers.URLField(help_text="Its page.")
    id = serializers.CharField(help_text="Hash of the question and of what answered it.")
    created = serializers.DateTimeField()
    question = UnderstoodSerializer()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    sentence = serializers.CharField()
    machine = NamedSerializer(allow_null=True)
    device = PlannedDeviceSerializer()
    host = NamedSerializer(allow_null=True)
    model = NamedSerializer()
    format = PlannedFormatSerializer()
    kv_format = NamedSerializer()
    runtime = PlannedRuntimeSerializer()
    memory = MemorySerializer()
    speed = SpeedSerializer()
    formats = FormatOptionSerializer(many=True)
    contexts = ContextSerializer(many=True)
    formula = FormulaSerializer()
    nearest_measurements = NearestSerializer(many=True)
    changes = ChangeSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField(), help_text="What to know of the answer.")
    calibration = PlanCalibrationSerializer()
    snapshot = serializers.CharField(help_text="Hash of the catalog and the calibration.")
    sources = PlanSourceSerializer(many=True)
