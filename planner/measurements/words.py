"""The words and units in which measurements are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hardware_catalog import measured
from hardware_catalog.trust import RULES
from planner.figures import NBSP, UNKNOWN, duration, gib, number, rate, rate_decimals


@dataclass(frozen=True, slots=True)
class Metric:
    """What was measured: in plain words, in the field's, and its unit."""

    words: str
    term: str
    unit: str  # "tokens/s" | "ms" | "bytes"


METRICS: Mapping[str, Metric] = {
    "decode_tps_per_seq": Metric("Writes", "decode", "tokens/s"),
    "decode_tps_total": Metric("Writes, all together", "decode, total", "tokens/s"),
    "prefill_tps": Metric("Reads the prompt", "prefill", "tokens/s"),
    "ttft_ms": Metric("First word after", "TTFT", "ms"),
    "tpot_ms": Metric("Each further token", "TPOT", "ms"),
    "memory_bytes": Metric("Memory", "weights, cache and buffers", "bytes"),
}
OUTCOMES = measured.OUTCOME_WORDS
OUTCOME_MEANINGS: Mapping[str, str] = {
    measured.RESOLVED: "The device, the model and the way it ran are in the catalog, and no rule speaks against it.",
    measured.AMBIGUOUS: "A name may mean several entries whose figures differ; the source does not say which.",
    measured.NOT_IN_CATALOG: "The device, the model, the weight format or the program is not in the catalog.",
    measured.COMPOSITE: "A device and its host, or several kinds of device, worked on one model together.",
    measured.NOT_TRUSTED: "The names are known, but the figure is not that of a plain run: a rule says why.",
}
FLAGS: Mapping[str, str] = {
    "speculative": "tokens drafted ahead",
    "offload": "partly in host memory",
    "power_cap": "power capped",
    "thermal": "slowed by heat",
    "derived": "derived",
    "ambiguous": "not fully told",
    "outlier": "outlier",
}
ORIGINS: Mapping[str, str] = {
    measured.SHIPPED: "published",
    measured.ACCEPTED: "brought by a visitor, accepted by an editor",
    measured.OWN: "measured by the project itself",
}
RULE_REASONS: Mapping[str, str] = {rule.name: rule.reason for rule in RULES}


def value_text(value: float | None, metric: str) -> str:
    """A value with its unit: "31 tokens/s", "380 ms", "12.4 GiB"."""
    unit = METRICS[metric].unit
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return (
        duration(value) if unit == "ms" else gib(value) if unit == "bytes" else f"{rate(value)}{NBSP}tokens/s"
    )


def range_text(low: float | None, high: float | None, like: float | None, metric: str) -> str:
    """An interval, rounded like the value that it belongs to; "" where there is none."""
    if low is None or high is None or like is None:
        return ""
    if METRICS[metric].unit != "tokens/s":
        return f"{value_text(low, metric)} to {value_text(high, metric)}"
    return " to ".join(
        number(end, max(rate_decimals(like), min(rate_decimals(end), 1))) for end in (low, high)
    )
