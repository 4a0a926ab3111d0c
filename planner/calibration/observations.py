"""Published measurements as observations to fit: one outcome for every row of the file."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hardware_catalog.rows import CatalogRows
from hardware_catalog.tables import CatalogTables
from hardware_catalog.trust import set_aside
from planner.calibration.case_fields import CaseError
from planner.calibration.case_tables import case_tables
from planner.calibration.cases import Case, CaseReader
from planner.calibration.noted import stated_in_notes
from planner.calibration.problem import Observations
from planner.engine.gather import speed_inputs
from planner.engine.levels import level_keys, merged

Row = Mapping[str, str]

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
    if row["metric"] not in METRIC_OF:
        return Outcome(row["id"], "other_metric", f"{row['metric']} is not a single-stream speed")
    rule = set_aside(row)
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
    kept.append((row, case))
    return Outcome(row["id"], "used", "" if rule is None else f"judged only: {rule.reason}")


def _seconds(row: Row, case: Case) -> float:
    """Seconds of one decode step, of the whole prompt, or to the first token."""
    value = float(row["value"])
    if row["metric"] == "decode_tps_per_seq":
        return 1.0 / value
    if row["metric"] == "prefill_tps":
        return (case.prompt_tokens or 512) / value
    return value / 1e3


def year_of(date: str) -> float | None:
    """An ISO date ("2026", "2026-05", "2026-05-18") as a year with its fraction; ``None`` where it is not one."""
    parts = [int(p) for p in date.split("-") if p.isdigit()]
    if not parts or not 2000 < parts[0] < 2100:
        return None
    return parts[0] + ((parts[1] - 0.5) / 12 if len(parts) > 1 else 0.5)


def observations(rows: CatalogRows, catalog: CatalogTables, kept: Sequence[tuple[Row, Case]]) -> Observations:
    """The kept cases as arrays. Rows whose model has no known architecture are left out."""
    known = [
        (row, case)
        for row, case in kept
        if catalog.models.architecture[catalog.model_row[case.model]] is not None
    ]
    cases = [case for _, case in known]
    tables, grid = case_tables(rows, catalog, cases)
    axes = grid.rows(0, len(grid))
    keys = level_keys(tables.machines, tables.models, tables.formats, tables.runtimes)
    values = tuple(
        merged(keys.runtime[r], keys.machine[m], keys.model[o], keys.format[f])
        for m, o, f, r in zip(axes.machine, axes.model, axes.format, axes.runtime, strict=True)
    )
    years = [year_of(row["source_date"]) for row, _ in known]
    newest = max((year for year in years if year is not None), default=0.0)
    ages = np.array([UNDATED_YEARS if year is None else newest - year for year in years])
    taught = np.array([set_aside(row) is None for row, _ in known])
    return Observations(
        ids=np.array([row["id"] for row, _ in known]),
        metric=np.array([METRIC_OF[row["metric"]] for row, _ in known]),
        log_seconds=np.log([_seconds(row, case) for row, case in known]),
        inputs=speed_inputs(tables, axes),
        values=values,
        family=np.array([row["source_family"] for row, _ in known]),
        model=np.array([case.model for case in cases]),
        date_weight=np.where(taught, 0.5 ** (ages / HALF_LIFE_YEARS), 0.0),
    )
