"""Many predictions at once: every case gets an answer or the reason why there is none.

The interval of a speed comes from the calibration. Memory is arithmetic: the cache is exact but for a runtime's
rounding, weights by rule lie within 2 % of published files, buffers within their rule's known range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from hardware_catalog.names.index import NameIndex
from hardware_catalog.rows import CatalogRows
from hardware_catalog.tables import CatalogTables
from planner.calibration.capacity import Capacity, capacity_of
from planner.calibration.case_fields import INVALID, OK, SPEED_METRICS, UNKNOWN_FIGURE, CaseError
from planner.calibration.case_files import CaseLine
from planner.calibration.case_tables import case_tables
from planner.calibration.cases import Case, CaseReader
from planner.engine.calibration import Calibration
from planner.engine.columns import Columns
from planner.engine.evaluate import Engine
from planner.engine.intervals import DOUBT_POWER
from planner.engine.limits import LimitTable, OverheadTable
from planner.engine.memory import APPROXIMATE_WEIGHTS_HIGH, WEIGHTS_HIGH, MemoryRules
from planner.engine.need import BUFFERS_HIGH, BUFFERS_HIGH_HOST
from planner.engine.tables import Floats, WorkloadTable

ANSWER_COLUMNS = (
    *("id", "prediction", "low", "high", "unit", "device", "model", "format", "runtime", "status", "reason"),
)
UNITS: Mapping[str, str] = {
    "decode_tps": "tokens/s",
    "decode_tps_total": "tokens/s",
    "prefill_tps": "tokens/s",
    "tpot_ms": "ms",
    "ttft_ms": "ms",
    "weights_bytes": "bytes",
    "kv_bytes": "bytes",
    "memory_bytes": "bytes",
    "kv_tokens": "tokens",
}
# metrics that measurements.csv names otherwise
METRIC_NAMES: Mapping[str, str] = {"decode_tps_per_seq": "decode_tps"}
# 95 % of usable rows of published logs lie this near the cache by rule (tests/engine/test_kv_logs.py)
KV_WITHIN = 0.005

Span = tuple[float, float, float]  # central, low, high


class Evaluated(NamedTuple):
    """The plans of some cases."""

    columns: Columns
    capacity: Capacity
    running: Floats  # sequences that run at a time: all that fit


@dataclass(frozen=True, slots=True)
class Predictor:
    """A catalog and a calibration, ready to answer cases."""

    rows: CatalogRows
    tables: CatalogTables
    calibration: Calibration
    limits: LimitTable
    overheads: OverheadTable
    names: NameIndex
    utilization: Mapping[str, float]  # share of memory that a server runtime takes by default

    def answer(self, lines: Sequence[CaseLine]) -> list[tuple[str, ...]]:
        """One row of ``ANSWER_COLUMNS`` for every line, in order."""
        reader = CaseReader(self.rows, self.names)
        cases: list[Case] = []
        read = [self._read(line, reader, cases) for line in lines]
        if not cases:
            return [entry for entry in read if isinstance(entry, tuple)]
        plans = self._evaluate(cases)
        names = {f.slug: f.name for f in self.rows.formats} | {r.slug: r.name for r in self.rows.runtimes}
        names |= {m.slug: m.name for m in self.rows.models}
        return [
            entry if isinstance(entry, tuple) else self._row(cases[entry], plans, entry, names)
            for entry in read
        ]

    def _read(self, line: CaseLine, reader: CaseReader, cases: list[Case]) -> tuple[str, ...] | int:
        """The case's number, or its finished row where it cannot be answered."""
        try:
            if line.fault:
                raise CaseError(INVALID, line.fault)
            fields = dict(line.fields)
            fields["metric"] = METRIC_NAMES.get(fields["metric"].strip(), fields["metric"].strip())
            if fields["metric"] not in UNITS:
                raise CaseError(INVALID, f"no metric {fields['metric'][:40]!r}; known: {', '.join(UNITS)}")
            case = reader.read(fields)
            self._check(case)
        except CaseError as error:
            return _unanswered(line.fields, error.status, str(error))
        if math.isnan(case.utilization):
            case = replace(case, utilization=self.utilization.get(case.runtime, math.nan))
        cases.append(case)
        return len(cases) - 1

    def _check(self, case: Case) -> None:
        """Raise ``CaseError`` where a figure that the metric needs is not known, or no formula covers the case."""
        if self.tables.models.architecture[self.tables.model_row[case.model]] is None:
            raise CaseError(UNKNOWN_FIGURE, f"the architecture of {case.model} is not published")
        if case.metric in SPEED_METRICS:
            if case.machine.device.bandwidth_bytes_per_s is None:
                raise CaseError(UNKNOWN_FIGURE, f"no memory bandwidth is known for {case.device_name}")
            if case.experts_on_host or case.layers_on_host or case.shares_host:
                raise CaseError(
                    UNKNOWN_FIGURE, "speed with part of the model in host memory is not predicted yet"
                )
        if case.metric == "kv_tokens" and not math.isfinite(case.machine.memory_bytes):
            sizes = ", ".join(f"{size:g}" for size in case.machine.device.memory_options_gb)
            raise CaseError(
                UNKNOWN_FIGURE, f"the memory of {case.device_name} is not stated (sold with {sizes} GB)"
            )

    def _evaluate(self, cases: Sequence[Case]) -> Evaluated:
        tables, grid = case_tables(self.rows, self.tables, cases)
        rules = MemoryRules.bind(tables, self.limits, self.overheads)
        capacity = capacity_of(tables, rules, grid.rows(0, len(grid)))
        tables = replace(tables, workloads=_running(cases, tables.workloads, capacity.tokens))
        columns = Engine.build(tables, rules, self.calibration, grid).evaluate(grid)
        return Evaluated(columns, capacity, tables.workloads.concurrency.astype(np.float64))

    def _row(self, case: Case, plans: Evaluated, i: int, names: Mapping[str, str]) -> tuple[str, ...]:
        notes = list(case.widened)
        if case.metric in SPEED_METRICS:
            span = _widened(_speed(case, plans, i), len(notes))
            notes += _does_not_fit(plans.columns, i) + _waiting(case, plans, i)
        else:
            row = self.tables.format_row[case.format]
            span = _memory(case, plans, i, approximate=bool(self.tables.formats.approximate[row]))
        if not all(math.isfinite(value) for value in span):
            return _unanswered(
                {"id": case.id}, UNKNOWN_FIGURE, "a figure that the formula needs is not known"
            )
        digits = [f"{value:.6g}" if case.metric in SPEED_METRICS else f"{value:.0f}" for value in span]
        named = (case.device_name, names[case.model], names[case.format], names[case.runtime])
        return (case.id, *digits, UNITS[case.metric], *named, OK, "; ".join(notes))


def _running(cases: Sequence[Case], work: WorkloadTable, tokens: Floats) -> WorkloadTable:
    """The workloads with the sequences that run at a time: a server lets those wait for which its cache has no room."""
    room = np.floor(tokens / np.maximum(work.depth_tokens, 1))
    waits = np.array([case.serves and case.metric in SPEED_METRICS for case in cases]) & (room >= 1)
    running = np.where(waits & (room < work.concurrency), room, work.concurrency)
    return replace(work, concurrency=running.astype(np.int64))


def server_utilization(limits: Mapping[str, Any]) -> dict[str, float]:
    """Default share of memory of every server runtime, from the content of limits.json."""
    return {
        str(server["runtime"]): float(server["memory_utilization"]["central"]) for server in limits["servers"]
    }


def _unanswered(fields: Mapping[str, str], status: str, reason: str) -> tuple[str, ...]:
    return (fields.get("id", ""), "", "", "", "", "", "", "", "", status, reason)


def _speed(case: Case, plans: Evaluated, i: int) -> Span:
    """The metric from the engine's column; per sequence unless it is a total."""
    columns = plans.columns
    column = {"prefill_tps": "prefill_tps", "ttft_ms": "ttft_ms"}.get(case.metric, "decode_tps")
    central, low, high = (float(columns[name][i]) for name in (column, f"{column}_low", f"{column}_high"))
    if case.metric == "decode_tps_total":
        times = float(plans.running[i]) * _share_writing(case, plans, i)
        return central * times, low * times, high * times
    if case.metric == "tpot_ms":
        return 1e3 / central, 1e3 / high, 1e3 / low
    return central, low, high


def _share_writing(case: Case, plans: Evaluated, i: int) -> float:
    """Share of a request's time in which it is written: a server's rate is over whole requests."""
    first_ms, rate = float(plans.columns["ttft_ms"][i]), float(plans.columns["decode_tps"][i])
    if not case.serves or not case.output_tokens or not math.isfinite(first_ms):
        return 1.0
    written_s = case.output_tokens / rate
    return written_s / (written_s + first_ms / 1e3)


def _waiting(case: Case, plans: Evaluated, i: int) -> list[str]:
    running = int(plans.running[i])
    if running >= case.concurrency:
        return []
    return [f"the KV cache has room for {running} of {case.concurrency} sequences at a time: the others wait"]


def _widened(span: Span, doubts: int) -> Span:
    central, low, high = span
    power = DOUBT_POWER**doubts
    return central, central * (low / central) ** power, central * (high / central) ** power


def _does_not_fit(columns: Columns, i: int) -> list[str]:
    need, limit = float(columns["need_bytes"][i]), float(columns["limit_bytes"][i])
    if not need > limit:
        return []
    return [f"as if it fitted: needs {need / 2**30:.1f} GiB, {limit / 2**30:.1f} GiB are usable"]


def _memory(case: Case, plans: Evaluated, i: int, *, approximate: bool) -> Span:
    columns, capacity = plans.columns, plans.capacity
    weights, cache = float(columns["weights_bytes"][i]), float(columns["kv_bytes"][i])
    stated = math.isfinite(case.weights_bytes)
    off = 0.0 if stated else (APPROXIMATE_WEIGHTS_HIGH if approximate else WEIGHTS_HIGH) - 1.0
    if case.metric == "weights_bytes":
        return weights, weights * (1 - off), weights * (1 + off)
    if case.metric == "kv_bytes":
        return cache, cache * (1 - KV_WITHIN), cache * (1 + KV_WITHIN)
    on_host = case.experts_on_host or case.layers_on_host
    buffers = float(columns["buffers_bytes"][i])
    more = (
        weights * off + cache * KV_WITHIN + buffers * ((BUFFERS_HIGH_HOST if on_host else BUFFERS_HIGH) - 1)
    )
    if case.metric == "memory_bytes":
        total = float(columns["runtime_memory_bytes"][i])
        return total, total - more, total + more
    tokens, per_byte = float(capacity.tokens[i]), float(capacity.tokens_per_byte[i])
    return tokens, max(tokens - more * per_byte, 0.0), tokens + more * per_byte
