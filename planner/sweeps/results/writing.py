"""Writing a chunk: its plans, as many as are kept, and its cells, each a Parquet file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.engine.verdict import OFFLOAD
from planner.sweeps.grid.entries import Entries
from planner.sweeps.results.cells import cell_select, cells_of_rows
from planner.sweeps.results.groups import Array, Arrays, Bools
from planner.sweeps.results.pruning import best_of_rows
from planner.sweeps.rows import DTYPES, STORED

if TYPE_CHECKING:
    import duckdb

# Measured on chunks of 262,144 real plans, a row: 0.45 µs and 9.4 bytes so, 0.60 µs and 12 bytes with DuckDB's usual
# dictionaries, 0.44 µs and 16 bytes under snappy in version 1. zstd saves a fifth of it, and reads 1.5 times as long.
PARQUET = (
    "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw, ROW_GROUP_SIZE 65536, DICTIONARY_SIZE_LIMIT 500, "
    "USE_TMP_FILE false"  # whoever calls names the file and renames it when it is whole
)

_KEPT: Mapping[str, Callable[[Arrays, Entries], Bools]] = {
    "running": lambda columns, _: columns["verdict"] <= OFFLOAD,
    "best": best_of_rows,
}


def write_chunk(
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, Array],
    keep: str,
    entries: Entries,
    rows_path: Path,
    cells_path: Path,
) -> tuple[int, int]:
    """Write the plans that ``keep`` (of ``definition.KEEP``) keeps, and the cells of all; returns how many of each.

    ``columns`` are the STORED ones, in the order of plan numbers, nan where a figure is unknown (NULL in the file).
    The same input gives the same bytes. What stands at the two paths is replaced. Raises ``duckdb.Error`` (a full disk,
    an unwritable folder) with the path in its notes; what was written by then is no whole file.
    """
    _check(columns)
    kept: Mapping[str, Array] = columns
    if keep != "all":
        rows = np.flatnonzero(_KEPT[keep](columns, entries))
        if len(rows) < len(columns["plan"]):
            kept = {name: column[rows] for name, column in columns.items()}
    names = ", ".join(column.name for column in STORED)
    write(connection, f"SELECT {names} FROM arrays", kept, rows_path)
    cells = cells_of_rows(columns)
    write(connection, cell_select("arrays"), cells, cells_path)
    return len(kept["plan"]), len(cells["machine"])


def write(
    connection: duckdb.DuckDBPyConnection,
    select: str,
    arrays: Mapping[str, Array] | None,
    path: Path,
    parameters: Mapping[str, object] | None = None,
) -> int:
    """Write what ``select`` finds, in which ``arrays`` is a table of these columns; returns the number of rows."""
    if arrays is not None:
        connection.register("arrays", dict(arrays))
    try:
        done = connection.execute(f"COPY ({select}) TO {_quoted(path)} ({PARQUET})", parameters).fetchall()
    except Exception as error:
        error.add_note(str(path))
        raise
    finally:
        if arrays is not None:
            connection.unregister("arrays")
    return int(done[0][0])


def _quoted(path: Path) -> str:
    """A path as a literal of SQL: COPY takes no parameter for it."""
    return "'" + str(path).replace("'", "''") + "'"


def _check(columns: Mapping[str, Array]) -> None:
    """Refuse columns of another type or length: they would be written without complaint, and read as something else."""
    length = len(columns["plan"])
    for column in STORED:
        array = columns[column.name]
        if array.dtype != DTYPES[column.sql_type] or array.shape != (length,):
            raise TypeError(
                f"{column.name}: {array.dtype} {array.shape}, not {column.sql_type} of {length} plans"
            )
