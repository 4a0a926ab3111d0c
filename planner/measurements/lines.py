"""Measurements as lines of a list: what was measured, what we predict, and whether the two agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hardware_catalog.measured import RESOLVED
from hardware_catalog.models import Measurement
from planner.figures import tokens
from planner.measurements.predicting import Prediction, predict
from planner.measurements.words import METRICS, OUTCOMES, Metric, range_text, value_text

INSIDE, OUTSIDE = "inside", "outside"


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement as a list shows it."""

    slug: str
    device: str
    model: str
    format: str
    runtime: str
    metric: Metric
    workload: str
    measured: str
    predicted: str  # "" where nothing is
    interval: str
    verdict: str  # "inside", "outside", or "" where the row is not compared
    why_not: str  # why there is no prediction or no comparison
    date: str
    source_url: str
    value: float | None = None  # what was measured and what is predicted, in the metric's unit
    prediction: tuple[float, float, float] | None = None  # with its interval


def lines(measurements: Sequence[Measurement]) -> list[Line]:
    """Lines of measurements whose entries were fetched along, all predictions in one call."""
    predictions = predict(measurements)
    return [line(measurement, predictions[measurement.slug]) for measurement in measurements]


def line(measurement: Measurement, prediction: Prediction) -> Line:
    """One line."""
    metric = measurement.metric
    verdict = verdict_of(measurement, prediction)
    why_not = ""
    if not verdict:
        why_not = OUTCOMES[measurement.outcome] if measurement.outcome != RESOLVED else prediction.reason
    return Line(
        slug=measurement.slug,
        device=device_text(measurement),
        model=measurement.language_model.name if measurement.language_model else measurement.model_text,
        format=format_text(measurement),
        runtime=runtime_text(measurement),
        metric=METRICS[metric],
        workload=workload_text(measurement),
        measured=value_text(measurement.value, metric),
        predicted=value_text(prediction.value, metric) if prediction.value is not None else "",
        interval=range_text(prediction.low, prediction.high, prediction.value, metric),
        verdict=verdict,
        why_not=why_not,
        date=measurement.source_date,
        source_url=measurement.source_url,
        value=measurement.value,
        prediction=_figures(prediction),
    )


def _figures(prediction: Prediction) -> tuple[float, float, float] | None:
    value, low, high = prediction.value, prediction.low, prediction.high
    return None if value is None or low is None or high is None else (value, low, high)


def verdict_of(measurement: Measurement, prediction: Prediction) -> str:
    """Whether the interval holds the value; "" where the row's outcome does not allow the comparison."""
    held = prediction.holds(measurement.value)
    if held is None or measurement.outcome != RESOLVED:
        return ""
    return INSIDE if held else OUTSIDE


def device_text(measurement: Measurement) -> str:
    """The device's name, the source's own words where it is no entry, and how many of it."""
    name = measurement.device.name if measurement.device else measurement.device_text or "device not named"
    count = measurement.device_count or 1
    return f"{count} × {name}" if count > 1 else name


def format_text(measurement: Measurement) -> str:
    entry = measurement.weight_format
    return entry.name if entry else measurement.format_text or "format not stated"


def runtime_text(measurement: Measurement) -> str:
    """The program and what it ran on."""
    program = measurement.runtime.name if measurement.runtime else measurement.runtime_text
    backend = measurement.backend or measurement.backend_text
    return ", ".join(part for part in (program, backend) if part) or "program not stated"


def workload_text(measurement: Measurement) -> str:
    """Prompt, depth, output and sequences, as far as the source states them."""
    stated: Mapping[str, int | None] = {
        "prompt {}": measurement.prompt_tokens,
        "depth {}": measurement.ctx_depth,
        "output {}": measurement.output_tokens,
    }
    parts = [text.format(tokens(count)) for text, count in stated.items() if count]
    if (measurement.batch or 1) > 1:
        parts.append(f"{tokens(measurement.batch)} at a time")
    return ", ".join(parts)
