"""The page of one measurement: every figure of the source, what it was taken as, and our prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hardware_catalog.models import Measurement
from planner.figures import UNKNOWN, number, significant, tokens
from planner.measurements.asking import plan_query
from planner.measurements.lines import device_text, line
from planner.measurements.predicting import predict
from planner.measurements.words import (
    FLAGS,
    METRICS,
    ORIGINS,
    OUTCOME_MEANINGS,
    OUTCOMES,
    RULE_REASONS,
    value_text,
)


@dataclass(frozen=True, slots=True)
class Stated:
    """One figure or text as the source states it, and the entry that it was taken as."""

    label: str
    text: str
    term: str = ""
    taken_as: str = ""
    url: str = ""


def measurement_context(measurement: Measurement) -> dict[str, Any]:
    """Everything that the page shows."""
    prediction = predict([measurement])[measurement.slug]
    shown = line(measurement, prediction)
    metric = METRICS[measurement.metric]
    return {
        "title": f"{shown.device}, {shown.model}: {metric.words.lower()} · Sizewise",
        "measurement": measurement,
        "line": shown,
        "metric": metric,
        "prediction": prediction,
        "ratio": _ratio(measurement, prediction.value),
        "doubts": _doubts(prediction.reason) if prediction.value is not None else [],
        "outcome": OUTCOMES[measurement.outcome],
        "outcome_meaning": OUTCOME_MEANINGS[measurement.outcome],
        "fit_reason": RULE_REASONS.get(measurement.rule, ""),
        "flags": [(FLAGS[flag], reason) for flag, reason in measurement.flags.items() if flag in FLAGS],
        "origin": ORIGINS[measurement.origin],
        "set_up": _set_up(measurement),
        "workload": _workload(measurement),
        "plan_query": plan_query(measurement),
        "stddev": value_text(measurement.stddev, measurement.metric) if measurement.stddev else "",
    }


def _doubts(reason: str) -> list[str]:
    return [part for part in reason.split("; ") if part]


def _ratio(measurement: Measurement, predicted: float | None) -> str:
    """The measured value against the prediction in words: "12 % more than predicted"."""
    if not predicted:
        return ""
    off = measurement.value / predicted - 1
    if abs(off) < 0.005:
        return "just as predicted"
    if measurement.value > 2 * predicted:
        return f"{significant(measurement.value / predicted, 2)} times the prediction"
    return f"{number(abs(off) * 100, 0)} % {'more' if off > 0 else 'less'} than predicted"


def _set_up(measurement: Measurement) -> list[Stated]:
    device, model = measurement.device, measurement.language_model
    stored, runtime = measurement.weight_format, measurement.runtime
    return [
        Stated(
            "Device",
            measurement.device_text or UNKNOWN,
            taken_as=device.name if device else "",
            url=f"/devices/{device.slug}/" if device else "",
        ),
        Stated("How many", tokens(measurement.device_count)),
        Stated("Memory of one", _unit(measurement.device_memory_gb, "GB")),
        Stated("Memory bandwidth", _unit(measurement.device_bandwidth_gb_per_s, "GB/s")),
        Stated(
            "Model",
            measurement.model_text,
            taken_as=model.name if model else "",
            url=f"/models/{model.slug}/" if model else "",
        ),
        Stated("Parameters", _unit(measurement.model_params_b, "billion")),
        Stated("of these active", _unit(measurement.active_params_b, "billion")),
        Stated(
            "Weights stored as",
            measurement.format_text or UNKNOWN,
            "format, quantization",
            stored.name if stored else "",
        ),
        Stated("Size of the weights", _unit(measurement.model_size_gib, "GiB")),
        Stated("Program", measurement.runtime_text or UNKNOWN, "runtime", runtime.name if runtime else ""),
        Stated("Version", measurement.runtime_version or UNKNOWN),
        Stated("Runs on", measurement.backend_text or UNKNOWN, "backend", measurement.backend),
        Stated("Split over devices", measurement.parallelism or UNKNOWN, "parallelism"),
    ]


def _workload(measurement: Measurement) -> list[Stated]:
    settings = [Stated(str(name), str(value)) for name, value in measurement.settings.items()]
    return [
        Stated("Sequences at a time", tokens(measurement.batch), "batch"),
        Stated("Prompt", tokens(measurement.prompt_tokens), "tokens"),
        Stated("In the cache before", tokens(measurement.ctx_depth), "depth, tokens"),
        Stated("Output", tokens(measurement.output_tokens), "tokens"),
        *settings,
    ]


def _unit(value: float | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:,g} {unit}"


def heading(measurement: Measurement) -> str:
    """What was measured on what, in one line."""
    model = measurement.language_model.name if measurement.language_model else measurement.model_text
    return f"{model} on {device_text(measurement)}"
