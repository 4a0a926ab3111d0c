"""Measurements as rows of text: the columns of measurements.csv, and the words for what becomes of a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What became of a row, each with the words of the pages.
RESOLVED, AMBIGUOUS, NOT_IN_CATALOG, COMPOSITE, NOT_TRUSTED = OUTCOMES = (
    "resolved",
    "ambiguous",
    "not_in_catalog",
    "composite",
    "not_trusted",
)
OUTCOME_WORDS: Mapping[str, str] = {
    RESOLVED: "resolved",
    AMBIGUOUS: "ambiguous",
    NOT_IN_CATALOG: "not in the catalog",
    COMPOSITE: "composite machine",
    NOT_TRUSTED: "not trusted",
}
# Where a row came from: shipped with the catalog, accepted from a visitor, or measured by the project itself.
SHIPPED, ACCEPTED, OWN = ORIGINS = ("shipped", "accepted", "own")
# What to know of a row; a measurement holds a reason for each that applies.
FLAGS = ("speculative", "offload", "power_cap", "thermal", "derived", "ambiguous", "outlier")
METRICS = (
    "decode_tps_per_seq",
    "decode_tps_total",
    "prefill_tps",
    "ttft_ms",
    "tpot_ms",
    "memory_bytes",
)
# The columns of measurements.csv in their order, and the field of a measurement that holds each.
FIELD_OF_COLUMN: Mapping[str, str] = {
    "id": "slug",
    "source_url": "source_url",
    "source_date": "source_date",
    "device": "device_text",
    "device_count": "device_count",
    "device_mem_gb": "device_memory_gb",
    "device_bw_gbs": "device_bandwidth_gb_per_s",
    "model": "model_text",
    "model_params_b": "model_params_b",
    "active_params_b": "active_params_b",
    "quant": "format_text",
    "model_size_gib": "model_size_gib",
    "runtime": "runtime_text",
    "runtime_version": "runtime_version",
    "backend": "backend_text",
    "batch": "batch",
    "prompt_tokens": "prompt_tokens",
    "ctx_depth": "ctx_depth",
    "output_tokens": "output_tokens",
    "metric": "metric",
    "value": "value",
    "stddev": "stddev",
    "notes": "notes",
    "source_family": "source_family",
}
# What a measurement may state beyond those columns, and its value where it does not.
FURTHER: Mapping[str, Any] = {"parallelism": "", "settings": {}}


def row_of(measurement: Any) -> dict[str, str]:
    """A measurement's texts and figures under the columns of measurements.csv, and of ``predict`` where it has more."""
    return texts_of({name: getattr(measurement, name) for name in (*FIELD_OF_COLUMN.values(), *FURTHER)})


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """The same of a measurement's values by field."""
    row = {column: as_text(values[name]) for column, name in FIELD_OF_COLUMN.items()}
    row["parallelism"] = values["parallelism"]
    return row | {str(column): as_text(value) for column, value in values["settings"].items()}


def as_text(value: Any) -> str:
    """A cell of a CSV file: whole numbers without a point, "" for what is not stated."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)
