"""Where the coefficients of one plan come from: what each calibration level adds, and its intervals' scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hardware_catalog.rows import DeviceRow, FormatRow, ModelRow, RuntimeRow
from planner.engine.calibration import IntervalRule
from planner.engine.intervals import (
    DOUBT_POWER,
    MAIN_COEFFICIENT,
    SEEN_DEVICE,
    SEEN_RUNTIME,
    SERVED,
    SPREAD_LEVELS,
    group_name,
)
from planner.engine.levels import LEVELS, Level, axis_of, key_of, level_keys, merged, share_of
from planner.engine.speeds import COLUMN_OF
from planner.engine.verdict import OFFLOAD
from planner.evidence.accuracy_words import format_words, model_words
from planner.evidence.methodology_memory import asked
from planner.figures import significant
from planner.plans.plan import Plan
from planner.snapshot import Snapshot

# What each coefficient is; a new one shows its name until it has its words here.
COEFFICIENT_WORDS: Mapping[str, str] = {
    "weights": "time to read a byte of weights, over the time at the full published bandwidth",
    "experts": "further factor on the bytes of routed experts",
    "kv": "time to read a byte of the KV cache, over the time at the full published bandwidth",
    "layer": "time of each layer in a decode step, whatever it reads",
    "step": "time of each decode step beside its layers: sampling, launching",
    "prefill_pass": "time of each layer in each pass over the prompt",
    "prefill": "time of an operation of prefill, over the time at the published peak",
    "expert_pad": "tokens that each expert computes for nothing, because few tokens fill whole tiles of a product",
    "prefill_attention": "time of an operation of the prompt's attention, over the time at the published peak",
    "first_token": "time before the first token beside the prompt and one step",
    "sequence": "time that each further conversation adds to a step",
    "comm": "time that devices exchange results, over that of measured exchanges (all-reduce)",
    "mix": "part of the time of others’ prompts that a step is longer by (continuous batching)",
    "queue": "prompts of others that are read first, for each other conversation",
}
IN_SECONDS = frozenset({"layer", "step", "prefill_pass", "first_token", "sequence"})
IN_TOKENS = frozenset({"expert_pad"})
FIELD_WORDS: Mapping[str, str] = {
    "backend": "backend",
    "vendor": "vendor",
    "kind": "kind of device",
    "architecture": "architecture of the device",
    "device": "device",
    "form_factor": "form",
    "runtime": "program",
    "format": "format",
    "speed_family": "family of formats",
    "model": "model",
    "model_kind": "kind of model",
    "peak_basis": "figure that compute is measured by",
    "*bandwidth": "memory bandwidth over 400 GB/s",
    "*matrix": "matrix units over 32-bit compute",
    "*bits": "bits per weight over 4.85",
    "*width": "hidden size over 4,096",
}
METRIC_WORDS: Mapping[str, str] = {
    "decode": "Writing (decode)",
    "prefill": "Reading a prompt (prefill)",
    "ttft": "Time to the first token",
    "served_decode": "Writing for several people or on several devices",
    "served_ttft": "First token for several people or on several devices",
}


@dataclass(frozen=True, slots=True)
class LevelLine:
    """One level's part in a coefficient: a factor of so many rows."""

    level: str
    group: str
    factor: float
    rows: int


@dataclass(frozen=True, slots=True)
class CoefficientLine:
    """A coefficient of the plan as the product of its levels' factors."""

    name: str
    words: str
    value: float
    shown: str
    first: str  # the factor of the first line, which has the coefficient's unit
    lines: tuple[LevelLine, ...]
    silent: int  # levels that have no rows of such plans and add nothing


@dataclass(frozen=True, slots=True)
class ScaleLine:
    """One group's part in the width of an interval."""

    group: str
    factor: float


@dataclass(frozen=True, slots=True)
class IntervalExample:
    """A metric's interval: the scale with its parts, the ends, and what they make of the prediction."""

    metric: str
    words: str
    common: float
    lines: tuple[ScaleLine, ...]
    scale: float
    low_end: float
    high_end: float
    ends_of: str
    power: float  # above 1 where a doubt widens it
    low_factor: float
    high_factor: float
    value: float
    low: float
    high: float


class PlanFields:
    """The level fields of the asked plan, as the engine joins them."""

    def __init__(self, plan: Plan) -> None:
        tables, rows = plan.plans.tables, asked(plan)
        self._keys = level_keys(tables.machines, tables.models, tables.formats, tables.runtimes)
        self._row = {axis: int(getattr(rows, axis)[0]) for axis in ("machine", "model", "format", "runtime")}

    def of(self, level: Level) -> dict[str, str | float]:
        """Fields of the runtime and of the one other axis that the level looks at."""
        runtime = self._keys.runtime[self._row["runtime"]]
        axis = axis_of(level)
        return (
            merged(runtime) if axis == "runtime" else merged(runtime, self._keys.rows(axis)[self._row[axis]])
        )


def coefficient_lines(plan: Plan) -> tuple[CoefficientLine, ...]:
    """Every coefficient of the asked plan, level by level; their product is what the engine uses."""
    fields = PlanFields(plan)
    return tuple(_coefficient(plan, fields, name, levels) for name, levels in LEVELS.items())


def _coefficient(plan: Plan, fields: PlanFields, name: str, levels: tuple[Level, ...]) -> CoefficientLine:
    effects = plan.snapshot.calibration.effects.get(name, {})
    rows = plan.snapshot.calibration.rows.get(name, {})
    lines, silent, total = [], 0, 0.0
    for level in levels:
        values, joined = fields.of(level), "|".join(level)
        key, share = key_of(level, values), share_of(level, values)
        effect = effects.get(joined, {}).get(key)
        if effect is None or share == 0.0:
            silent += 1
            continue
        total += effect * share
        lines.append(
            LevelLine(
                level=_level_words(level),
                group=_group_words(level, values, plan.snapshot),
                factor=math.exp(effect * share),
                rows=rows.get(joined, {}).get(key, 0),
            )
        )
    value = math.exp(total)
    return CoefficientLine(
        name,
        COEFFICIENT_WORDS.get(name, name.replace("_", " ")),
        value,
        shown_value(name, value),
        shown_value(name, lines[0].factor) if lines else "",
        tuple(lines),
        silent,
    )


def shown_value(name: str, value: float) -> str:
    """A coefficient with its unit."""
    if name in IN_SECONDS:
        return f"{significant(value * 1e3, 3)} ms" if value >= 1e-3 else f"{significant(value * 1e6, 3)} µs"
    return f"{significant(value, 3)} tokens" if name in IN_TOKENS else significant(value, 3)


def _level_words(level: Level) -> str:
    return " × ".join(FIELD_WORDS.get(field, field) for field in level) or "every measurement"


def _group_words(level: Level, values: Mapping[str, str | float], snapshot: Snapshot) -> str:
    return ", ".join(_value_words(name, values[name], snapshot) for name in level) or "all"


def _value_words(name: str, value: str | float, snapshot: Snapshot) -> str:
    """A field's value as a reader knows it."""
    if name.startswith("*"):
        return f"{math.exp(float(value)):.3g} times"
    text = str(value)
    entries: Mapping[str, Mapping[str, DeviceRow | ModelRow | FormatRow | RuntimeRow]] = {
        "device": snapshot.devices,
        "model": snapshot.models,
        "format": snapshot.formats,
        "runtime": snapshot.runtimes,
    }
    if name in entries and text in entries[name]:
        return entries[name][text].name
    words = {"speed_family": format_words, "model_kind": model_words}.get(name)
    return words(text) if words else text or "not stated"


def interval_examples(plan: Plan) -> tuple[IntervalExample, ...]:
    """How the interval of every metric that the plan has comes about."""
    fields = PlanFields(plan)
    found = []
    question = plan.question
    served = question.concurrency > 1 or plan.machine.spec.device_count > 1
    for single, column in COLUMN_OF.items():
        metric = SERVED.get(single, single) if served else single
        value, low, high = (float(plan.columns[f"{column}{end}"][plan.row]) for end in ("", "_low", "_high"))
        rule = plan.snapshot.calibration.intervals.get(metric)
        if rule is not None and math.isfinite(value):
            found.append(_interval(plan, fields, metric, rule, (value, low, high)))
    return tuple(found)


def _interval(
    plan: Plan, fields: PlanFields, metric: str, rule: IntervalRule, figures: tuple[float, float, float]
) -> IntervalExample:
    lines = []
    for level in SPREAD_LEVELS:
        values = fields.of(level)
        effect = rule.effects.get(group_name(level, key_of(level, values)))
        if effect is not None:
            words = f"{_level_words(level)}: {_group_words(level, values, plan.snapshot)}"
            lines.append(ScaleLine(words, math.exp(effect)))
    measured = plan.snapshot.calibration.rows.get(MAIN_COEFFICIENT[metric], {})
    for level, group, words in (
        (("backend", "device"), SEEN_DEVICE, "the device has been measured"),
        (("runtime", "backend"), SEEN_RUNTIME, "the program has been measured on this backend"),
    ):
        if key_of(level, fields.of(level)) in measured.get("|".join(level), {}):
            lines.append(ScaleLine(words, math.exp(rule.effects.get(group, 0.0))))
    scale = math.exp(rule.log_scale) * math.prod(line.factor for line in lines)
    backend = str(fields.of(("backend",))["backend"])
    low_end, high_end = rule.backend_ends.get(backend, rule.ends)
    value, low, high = figures
    power = DOUBT_POWER if plan.columns["verdict"][plan.row] == OFFLOAD else 1.0
    return IntervalExample(
        metric=metric,
        words=METRIC_WORDS[metric],
        common=math.exp(rule.log_scale),
        lines=tuple(lines),
        scale=scale,
        low_end=low_end,
        high_end=high_end,
        ends_of=f"measurements on {backend}" if backend in rule.backend_ends else "all measurements",
        power=power,
        low_factor=math.exp(scale * low_end * power),
        high_factor=math.exp(scale * high_end * power),
        value=value,
        low=low,
        high=high,
    )
