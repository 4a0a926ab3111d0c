"""Closing a sweep: one summary of the cells of all chunks, and for "the best" what no plan of any chunk beats.

Both go through the files in parts, so that their memory does not grow with the sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.sweeps.grid.entries import Entries
from planner.sweeps.results.cells import CELLS, cell_select, merged
from planner.sweeps.results.files import FILES, arrays, paths
from planner.sweeps.results.groups import Array, Bools, Ints
from planner.sweeps.results.pruning import JUDGED, best_of_rows
from planner.sweeps.results.writing import write
from planner.sweeps.rows import STORED

if TYPE_CHECKING:
    import duckdb

# rows of a part: cells at 160 bytes, judged plans at 40, and about as much again to sort them
MOST_CELLS = 1_000_000
MOST_PLANS = 1_500_000
_LAST = np.iinfo(np.uint16).max
# What plans that can beat each other share.
_WORK = ("model", "kv_format", "context_tokens", "concurrency")


def write_summary(
    connection: duckdb.DuckDBPyConnection,
    cells: Sequence[Path],
    summary_path: Path,
    most_cells: int = MOST_CELLS,
) -> int:
    """Write the summary of all chunks' cells, in the order of machines and models; returns its rows.

    Until it is written, parts of it may lie beside it under longer names. Raises as ``write_chunk``.
    """
    select = f"SELECT machine, count(*) AS n FROM {FILES} GROUP BY machine ORDER BY machine"
    of_machine = arrays(connection, select, paths(cells))
    batches = [of_machine["machine"][some] for some in _batches(of_machine["n"], most_cells)]
    if len(batches) < 2:
        return _write_merged(connection, cells, (0, _LAST), summary_path)
    parts = [summary_path.with_name(f"{summary_path.name}.part{i}") for i in range(len(batches))]
    try:
        for machines, part in zip(batches, parts, strict=True):
            _write_merged(connection, cells, (int(machines[0]), int(machines[-1])), part)
        return write(connection, f"SELECT * FROM {FILES}", None, summary_path, paths(parts))
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _write_merged(
    connection: duckdb.DuckDBPyConnection, cells: Sequence[Path], machines: tuple[int, int], path: Path
) -> int:
    """The cells of the machines from one number to another, of all chunks."""
    names = ", ".join(column.name for column in CELLS)
    select = f"SELECT {names} FROM {FILES} WHERE machine BETWEEN $first AND $last"
    held = arrays(connection, select, {**paths(cells), "first": machines[0], "last": machines[1]})
    return write(connection, cell_select("arrays"), merged(held), path)


def write_best(
    connection: duckdb.DuckDBPyConnection,
    rows: Sequence[Path],
    entries: Entries,
    best_path: Path,
    most_plans: int = MOST_PLANS,
) -> int:
    """Write what no plan of the whole sweep beats, of the chunks' unbeaten plans in their order; returns how many.

    Raises as ``write_chunk``.
    """
    work = ", ".join(_WORK)
    of_work = arrays(
        connection, f"SELECT {work}, count(*) AS n FROM {FILES} GROUP BY ALL ORDER BY ALL", paths(rows)
    )
    select = f"SELECT {', '.join(JUDGED)} FROM {FILES} SEMI JOIN part USING ({work})"
    kept: list[Array] = [np.empty(0, dtype=np.int64)]
    for some in _batches(of_work["n"], most_plans):
        connection.register("part", {name: of_work[name][some] for name in _WORK})
        judged = arrays(connection, select, paths(rows))
        connection.unregister("part")
        kept.append(judged["plan"][best_of_rows(judged, entries)])
    flags = _flags(connection, rows, np.sort(np.concatenate(kept)))
    names = ", ".join(column.name for column in STORED)
    # side by side, row by row: a join by number would not keep the order
    select = f"SELECT {names} FROM {FILES} POSITIONAL JOIN arrays WHERE kept"
    return write(connection, select, {"kept": flags}, best_path, paths(rows))


def _flags(connection: duckdb.DuckDBPyConnection, rows: Sequence[Path], kept: Ints) -> Bools:
    """Of each row of all files, whether its plan is among those kept, which are sorted."""
    found = [np.empty(0, dtype=np.bool_)]
    for path in rows:
        plans = arrays(connection, f"SELECT plan FROM {FILES}", paths([path]))["plan"]
        here = slice(*np.searchsorted(kept, [plans.min(), plans.max() + 1])) if len(plans) else slice(0)
        found.append(np.isin(plans, kept[here], assume_unique=True))
    return np.concatenate(found)


def _batches(n_rows: Ints, most: int) -> Iterator[slice]:
    """Neighbours that together have at most so many rows; one with more is alone."""
    start, held = 0, 0
    for i, n in enumerate(n_rows.tolist()):
        if held and held + n > most:
            yield slice(start, i)
            start, held = i, 0
        held += n
    if held:
        yield slice(start, len(n_rows))
