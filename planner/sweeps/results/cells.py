"""A sweep in cells: what is possible and what is best on each machine for each model, over all evaluated plans."""

from __future__ import annotations

import numpy as np

from planner.engine.verdict import FITS, OFFLOAD, VERDICTS
from planner.sweeps.results.groups import NONE, Array, Arrays, Groups, best_rows, counts
from planner.sweeps.rows import DTYPES, STORED, StoredColumn

_OF_ROWS = {column.name: column for column in STORED}

# What a cell tells of a plan that it names.
PLAN_FIGURES = (
    "plan",
    "format",
    "kv_format",
    "runtime",
    "context_tokens",
    "concurrency",
    "verdict",
    "weights_bytes",
    "need_bytes",
    "limit_bytes",
    "decode_tps",
    "decode_tps_low",
    "decode_tps_high",
)
# "fastest_…": the plan that runs with the highest known decode speed of a sequence; among equals the lowest number.
# "widest_…": the plan that fits with the most bits per weight; among equals the fastest, then the lowest number.
NAMED_PLANS = ("fastest", "widest")


def _figures_of(name: str) -> tuple[StoredColumn, ...]:
    found = (_OF_ROWS[figure] for figure in PLAN_FIGURES)
    return tuple(StoredColumn(f"{name}_{column.name}", column.sql_type, column.entries) for column in found)


# The columns of the cells files (one chunk each) and of the summary (the whole sweep): one row per machine and model
# that has a plan, in the order of the two. All figures of a named plan are NULL where there is none.
CELLS: tuple[StoredColumn, ...] = (
    StoredColumn("machine", "USMALLINT", "machines"),
    StoredColumn("model", "USMALLINT", "models"),
    *(
        StoredColumn(f"n_{verdict}", "UINTEGER") for verdict in VERDICTS
    ),  # plans by verdict: n_fits, n_tight, ...
    StoredColumn("n_no_speed", "UINTEGER"),  # plans that run at a speed that is not known
    StoredColumn("most_context_tokens", "UINTEGER"),  # the longest context with which a plan runs
    StoredColumn("least_need_bytes", "DOUBLE"),  # of any plan: what nothing goes below
    *(column for name in NAMED_PLANS for column in _figures_of(name)),
)
COUNTS = tuple(column.name for column in CELLS if column.name.startswith("n_"))


def cells_of_rows(columns: Arrays) -> dict[str, Array]:
    """The cells of evaluated plans; a figure of a plan that a cell has none of is 0 or nan, beside a plan of -1."""
    groups = Groups.by(columns["machine"], columns["model"])
    verdict, decode, plan = columns["verdict"], columns["decode_tps"], columns["plan"]
    runs = verdict <= OFFLOAD
    has_speed = ~np.isnan(decode)
    cells: dict[str, Array] = {name: columns[name][groups.first_row] for name in ("machine", "model")}
    cells |= {f"n_{word}": counts(groups, verdict == code) for code, word in enumerate(VERDICTS)}
    cells["n_no_speed"] = counts(groups, runs & ~has_speed)
    cells |= _bounds(groups, np.where(runs, columns["context_tokens"], 0), columns["need_bytes"])
    cells |= _named("fastest", columns, best_rows(groups, runs & has_speed, plan, [decode]))
    widest = best_rows(groups, verdict == FITS, plan, [columns["weights_bytes"], decode])
    return cells | _named("widest", columns, widest)


def merged(cells: Arrays) -> dict[str, Array]:
    """Cells of several chunks as cells of them all."""
    groups = Groups.by(cells["machine"], cells["model"])
    whole: dict[str, Array] = {name: cells[name][groups.first_row] for name in ("machine", "model")}
    for name in COUNTS:
        sums = np.bincount(groups.of_row, weights=cells[name], minlength=len(groups))
        whole[name] = sums.astype(np.int64)  # exact: no sum comes near 2**53
    whole |= _bounds(groups, cells["most_context_tokens"], cells["least_need_bytes"])
    for name, keys in (("fastest", ["decode_tps"]), ("widest", ["weights_bytes", "decode_tps"])):
        figures = {figure: cells[f"{name}_{figure}"] for figure in PLAN_FIGURES}
        plan = figures["plan"]
        rows = best_rows(groups, plan != NONE, plan, [figures[key] for key in keys])
        whole |= _named(name, figures, rows)
    return whole


def _bounds(groups: Groups, context_tokens: Array, need_bytes: Array) -> dict[str, Array]:
    most = np.zeros(len(groups), dtype=np.int64)
    np.maximum.at(most, groups.of_row, context_tokens.astype(np.int64))
    least = np.full(len(groups), np.inf)
    np.fmin.at(least, groups.of_row, need_bytes)
    return {"most_context_tokens": most, "least_need_bytes": np.where(np.isinf(least), np.nan, least)}


def _named(name: str, columns: Arrays, rows: Array) -> dict[str, Array]:
    """The figures of the plans in these rows, under the names that cells have for them."""
    found: dict[str, Array] = {}
    for figure in PLAN_FIGURES:
        column = columns[figure]
        values = np.zeros(len(rows), dtype=DTYPES[_OF_ROWS[figure].sql_type])
        if figure == "plan":
            values = np.full(len(rows), NONE, dtype=np.int64)
        elif values.dtype.kind == "f":
            values.fill(np.nan)
        has = rows != NONE
        values[has] = column[rows[has]]
        found[f"{name}_{figure}"] = values
    return found


def cell_select(relation: str) -> str:
    """SQL of cells held as arrays in ``relation``, with NULL where a cell has no such plan."""
    parts = []
    for column in CELLS:
        name = column.name.partition("_")[0]
        value = f"CAST({column.name} AS {column.sql_type})"
        if name in NAMED_PLANS:
            value = f"CASE WHEN {name}_plan <> {NONE} THEN {value} END"
        elif column.name == "most_context_tokens":
            value = f"CASE WHEN {column.name} > 0 THEN {value} END"
        parts.append(f"{value} AS {column.name}")
    return f"SELECT {', '.join(parts)} FROM {relation}"
