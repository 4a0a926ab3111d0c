"""Reading a sweep's files for its views: plans and cells as arrays, unknown figures as nan, missing numbers as -1."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from planner.engine.verdict import VERDICTS
from planner.sweeps.grid.entries import Entries
from planner.sweeps.results.cells import CELLS, merged
from planner.sweeps.results.duck import connect
from planner.sweeps.rows import DTYPES, STORED

if TYPE_CHECKING:
    import duckdb

THREADS = 2
_PLAN_COLUMNS = ", ".join(column.name for column in STORED)


class Files(Protocol):
    """What is read: a sweep's entries and the files of its manifest."""

    @property
    def entries(self) -> Entries: ...
    @property
    def rows(self) -> Sequence[Path]: ...
    @property
    def cells(self) -> Sequence[Path]: ...
    @property
    def summary(self) -> Path | None: ...


class _Kept(threading.local):
    """A connection takes 20 ms to open: each thread keeps one."""

    connection: duckdb.DuckDBPyConnection | None = None


_kept = _Kept()


def connection() -> duckdb.DuckDBPyConnection:
    """This thread's connection."""
    if _kept.connection is None:
        _kept.connection = connect(threads=THREADS)
    return _kept.connection


def whole(numbers: Iterable[int]) -> str:
    """Whole numbers as a list of SQL."""
    return ", ".join(str(int(number)) for number in numbers)


class Reader:
    """The files of one sweep. While it runs, what is there so far."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.entries = files.entries

    @property
    def is_empty(self) -> bool:
        """Whether no chunk is done yet."""
        return not self.files.rows

    def arrays(self, sql: str, parameters: Sequence[object] = ()) -> dict[str, np.ndarray]:
        """Columns of a query over the plans that are kept, a table called ``rows``."""
        return self._read("rows", self.files.rows, sql, parameters)

    def plans(self, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
        """The stored figures of some plans by number; those that are not kept are left out."""
        wanted = whole(sorted({int(number) for number in numbers}))
        if not wanted:
            return {}
        found = self.arrays(f"SELECT {_PLAN_COLUMNS} FROM rows WHERE plan IN ({wanted})")  # noqa: S608
        columns = {name: column.tolist() for name, column in found.items()}
        return {
            plan: {name: column[place] for name, column in columns.items()}
            for place, plan in enumerate(columns["plan"])
        }

    def cells(
        self, machines: Sequence[int] | None = None, models: Sequence[int] | None = None
    ) -> dict[str, np.ndarray]:
        """The cells of some machines and models, or of all: from the summary, or from the chunks that are done."""
        conditions = [
            f"{name} IN ({whole(numbers)})"
            for name, numbers in (("machine", machines), ("model", models))
            if numbers is not None
        ]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        names = ", ".join(column.name for column in CELLS)
        paths = [self.files.summary] if self.files.summary is not None else self.files.cells
        found = self._read("cells", paths, f"SELECT {names} FROM cells{where}", ())  # noqa: S608
        return found if self.files.summary is not None else merged(found)

    def counts(self) -> dict[str, int]:
        """Plans by verdict, of all that were evaluated."""
        sums = ", ".join(f"coalesce(sum(n_{word}), 0)::BIGINT AS {word}" for word in VERDICTS)
        paths = [self.files.summary] if self.files.summary is not None else self.files.cells
        found = self._read("cells", paths, f"SELECT {sums} FROM cells", ())  # noqa: S608
        return {word: int(found[word][0]) for word in VERDICTS}

    def _read(
        self, name: str, paths: Sequence[Path], sql: str, parameters: Sequence[object]
    ) -> dict[str, np.ndarray]:
        if not paths:
            return _nothing(sql)
        files = [str(path) for path in paths]
        query = f"WITH {name} AS (FROM read_parquet(?)) {sql}"
        found = connection().execute(query, [files, *parameters]).fetchnumpy()
        return {column: _filled(np.ma.asarray(values)) for column, values in found.items()}


def _filled(values: np.ma.MaskedArray) -> np.ndarray:
    """Without a mask: nan for figures that are not known, -1 for plan numbers that are not there, else 0."""
    if values.dtype.kind == "f":
        return np.asarray(values.filled(np.nan))
    if values.dtype == np.int64:
        return np.asarray(values.filled(-1))
    return np.asarray(values.filled(0))


def _nothing(sql: str) -> dict[str, np.ndarray]:
    """No files, no rows: empty columns of the names that are declared, enough for whoever asks by name."""
    columns = {column.name: DTYPES[column.sql_type] for column in (*STORED, *CELLS)}
    return {name: np.zeros(0, dtype=dtype) for name, dtype in columns.items()}
