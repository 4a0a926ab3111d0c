"""Parquet files as tables of SQL, or as the arrays that they were written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.sweeps.results.groups import NONE, Array

if TYPE_CHECKING:
    import duckdb

# A table of all rows of the files whose paths are the parameter; their columns are the same.
FILES = "read_parquet($files)"


def paths(files: Sequence[Path]) -> dict[str, object]:
    """The parameter of ``FILES``."""
    return {"files": [str(path) for path in files]}


def arrays(
    connection: duckdb.DuckDBPyConnection, select: str, parameters: Mapping[str, object]
) -> dict[str, Array]:
    """What ``select`` finds, as it was before it was written: NULL is nan again, 0, or NONE for a plan."""
    found = connection.execute(select, dict(parameters)).fetchnumpy()
    return {name: _filled(name, column) for name, column in found.items()}


def _filled(name: str, column: Array) -> Array:
    if not isinstance(column, np.ma.MaskedArray):
        return column
    if column.dtype.kind == "f":
        return np.asarray(column.filled(np.nan))
    return np.asarray(column.filled(NONE if name.endswith("plan") else 0))
