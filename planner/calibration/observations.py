"""Published measurements as observations to fit: one outcome for every row of the file."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hardware_catalog.rows import CatalogRows
from hardware_catalog.tables import CatalogTables, memory_limits
from hardware_catalog.trust import is_several, set_aside
from planner.calibration.capacity import capacity_of
from planner.calibration.case_fields import CaseError
from planner.calibration.case_tables import case_tables, depth_of
from planner.calibration.cases import Case, CaseReader
from planner.calibration.noted import stated_in_notes
from planner.calibration.problem import Observations
from planner.engine.gather import speed_inputs
from planner.engine.levels import level_keys, merged
from planner.engine.memory import MemoryRules

Row = Mapping[str, str]

# rows of several sequences or devices have metrics of their own
SERVED_METRIC_OF: Mapping[str, str] = {
    "decode_tps_per_seq": "served_decode",
    "decode_tps_total": "served_decode",
    "tpot_ms": "served_decode",
    "ttft_ms": "served_ttft",
}
# beyond so many sequences the first token waits for a whole burst of prompts
MOST_FIRST_TOKENS = 64

METRIC_OF: Mapping[str, str] = {
    "decode_tps_per_seq": "decode",
    "tpot_ms": "decode",
    "prefill_tps": "prefill",
    "ttft_ms": "ttft",
}
# a measurement loses half its weight every this many years: builds get faster
HALF_LIFE_YEARS = 1.5
# an undated row counts like one of this age
UNDATED_YEARS = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: "used", "set_aside", or one of the case statuses; with its reason."""

    id: str
    status: str
    reason: str


def read_measurements(path: Path) -> tuple[list[dict[str, str]], str]:
    """Rows of the file and its sha256."""
    data = path.read_bytes()
    rows = list(csv.DictReader(data.decode("utf-8").splitlines(keepends=True)))
    return rows, hashlib.sha256(data).hexdigest()


def usable_cases(rows: Iterable[Row], reader: CaseReader) -> tuple[list[tuple[Row, Case]], list[Outcome]]:
    """Rows that resolve and that no cleaning rule sets aside, and the outcome of every row."""
    kept: list[tuple[Row, Case]] = []
    outcomes: list[Outcome] = []
    for row in rows:
        outcome = _outcome(row, reader, kept)
        outcomes.append(outcome)
    return kept, outcomes


def _outcome(row: Row, reader: CaseReader, kept: list[tuple[Row, Case]]) -> Outcome:
    several = is_several(row)
    if metric_of(row) is None:
        return Outcome(row["id"], "other_metric", f"{row['metric']} is not a speed that is fitted")
    rule = set_aside(row, several=several)
    if rule is not None and not rule.judged:
        return Outcome(row["id"], "set_aside", rule.reason)
    try:
        case = reader.read({**row, **stated_in_notes(row)})
        value = float(row["value"])
    except CaseError as error:
        return Outcome(row["id"], error.status, error.reason)
    if case.machine.device.bandwidth_bytes_per_s is None:
        return Outcome(row["id"], "unknown_figure", f"no memory bandwidth is known for {case.device_name}")
    if value <= 0:
        return Outcome(row["id"], "invalid", "the value is not positive")
    if case.format_assumed and "ollama" not in case.runtime:
        return Outcome(row["id"], "invalid", "the weight format is not stated")
    if case.shares_host:
        return Outcome(row["id"], "set_aside", "part of the model ran in host memory")
    if several and (reason := _not_served(row, case)):
        return Outcome(row["id"], "set_aside", reason)
    kept.append((row, case))
    return Outcome(row["id"], "used", "" if rule is None else f"judged only: {rule.reason}")


def metric_of(row: Row) -> str | None:
    """What a row teaches: a metric of single streams, or of several sequences or devices; ``None``: neither."""
    return (SERVED_METRIC_OF if is_several(row) else METRIC_OF).get(row["metric"])


def _not_served(row: Row, case: Case) -> str:
    """Why the formulas cannot be held against a row of several sequences or devices; "" where they can."""
    if row["metric"] == "decode_tps_total":
        if not row["batch"]:
            return "how many sequences shared the rate is not stated"
        if case.serves:
            return "the rate includes reading the prompts"
    if row["metric"] == "ttft_ms" and case.concurrency > MOST_FIRST_TOKENS:
        return f"first tokens of more than {MOST_FIRST_TOKENS} sequences wait for a burst of prompts"
    return ""


def unit_of(row: Row, case: Case) -> str:
    """What is left out as a whole: the tester; of several sequences or devices, its (model, device, runtime)."""
    if not is_several(row):
        return row["source_family"]
    return "|".join((row["source_family"], case.model, case.machine.device.slug, case.runtime))


def _seconds(row: Row, case: Case) -> float:
    """Seconds of one decode step, of the whole prompt, or to the first token."""
    value = float(row["value"])
    if row["metric"] == "decode_tps_per_seq":
        return 1.0 / value
    if row["metric"] == "decode_tps_total":
        return case.concurrency / value
    if row["metric"] == "prefill_tps":
        return (case.prompt_tokens or 512) / value
    return value / 1e3


def year_of(date: str) -> float | None:
    """An ISO date ("2026", "2026-05", "2026-05-18") as a year with its fraction; ``None`` where it is not one."""
    parts = [int(p) for p in date.split("-") if p.isdigit()]
    if not parts or not 2000 < parts[0] < 2100:
        return None
    return parts[0] + ((parts[1] - 0.5) / 12 if len(parts) > 1 else 0.5)


def without_waiting(
    rows: CatalogRows, catalog: CatalogTables, kept: Sequence[tuple[Row, Case]], outcomes: Sequence[Outcome]
) -> tuple[list[tuple[Row, Case]], list[Outcome]]:
    """The same without rows whose sequences do not all fit into the server's KV cache: some of them waited."""
    tables, grid = case_tables(rows, catalog, [case for _, case in kept])
    rules = MemoryRules.bind(tables, *memory_limits())
    tokens = capacity_of(tables, rules, grid.rows(0, len(grid))).tokens
    waited = {
        row["id"]
        for (row, case), held in zip(kept, tokens.tolist(), strict=True)
        if case.serves and case.concurrency > 1 and case.concurrency * depth_of(case) > held
    }
    told = [
        Outcome(o.id, "set_aside", "not all sequences fit into the KV cache: some of them waited")
        if o.id in waited
        else o
        for o in outcomes
    ]
    return [(row, case) for row, case in kept if row["id"] not in waited], told


def observations(rows: CatalogRows, catalog: CatalogTables, kept: Sequence[tuple[Row, Case]]) -> Observations:
    """The kept cases as arrays. Rows whose model has no known architecture are left out."""
    known = [
        (row, case)
        for row, case in kept
        if catalog.models.architecture[catalog.model_row[case.model]] is not None
    ]
    tables, grid = case_tables(rows, catalog, [case for _, case in known])
    axes = grid.rows(0, len(grid))
    keys = level_keys(tables.machines, tables.models, tables.formats, tables.runtimes)
    values = tuple(
        merged(keys.runtime[r], keys.machine[m], keys.model[o], keys.format[f])
        for m, o, f, r in zip(axes.machine, axes.model, axes.format, axes.runtime, strict=True)
    )
    years = [year_of(row["source_date"]) for row, _ in known]
    newest = max((year for year in years if year is not None), default=0.0)
    ages = np.array([UNDATED_YEARS if year is None else newest - year for year in years])
    taught = np.array([set_aside(row, several=is_several(row)) is None for row, _ in known])
    return Observations(
        ids=np.array([row["id"] for row, _ in known]),
        metric=np.array([metric_of(row) for row, _ in known]),
        log_seconds=np.log([_seconds(row, case) for row, case in known]),
        inputs=speed_inputs(tables, axes),
        values=values,
        family=np.array([unit_of(row, case) for row, case in known]),
        model=np.array([case.model for _, case in known]),
        date_weight=np.where(taught, 0.5 ** (ages / HALF_LIFE_YEARS), 0.0),
    )
