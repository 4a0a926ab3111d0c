"""Reading a sweep's files for its views: plans and cells as arrays, unknown figures as nan, missing numbers as -1."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

from planner.engine.verdict import VERDICTS
from planner.sweeps.grid.entries import Entries
from planner.sweeps.results.cells import CELLS, merged
from planner.sweeps.results.duck import reading
from planner.sweeps.results.files import FILES, arrays, paths
from planner.sweeps.results.groups import Array
from planner.sweeps.rows import STORED, StoredColumn

# findings that a process keeps
HELD = 64
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
    @property
    def state(self) -> object: ...


class _Found:
    lock = threading.Lock()
    values: OrderedDict[tuple[object, ...], Any] = OrderedDict()


def found_once[Found](find: Callable[..., Found]) -> Callable[..., Found]:
    """What a function finds in a result by a reader and plain arguments, kept while the result stays as it is."""

    @wraps(find)
    def found(reader: Reader, *arguments: object) -> Found:
        key = (find.__qualname__, reader.files.state, *arguments)
        with _Found.lock:
            if key in _Found.values:
                _Found.values.move_to_end(key)
                value: Found = _Found.values[key]
                return value
        value = find(reader, *arguments)
        with _Found.lock:
            _Found.values[key] = value
            while len(_Found.values) > HELD:
                _Found.values.popitem(last=False)
        return value

    return found


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

    def arrays(self, sql: str, parameters: Mapping[str, object] | None = None) -> dict[str, Array]:
        """Columns of a query over the plans that are kept, a table called ``rows``."""
        return _read("rows", self.files.rows, sql, parameters or {})

    def plans(self, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
        """The stored figures of some plans by number; those that are not kept are left out."""
        wanted = whole(sorted({int(number) for number in numbers}))
        if not wanted:
            return {}
        found = self.arrays(f"SELECT {_PLAN_COLUMNS} FROM rows WHERE plan IN ({wanted})")
        columns = {name: column.tolist() for name, column in found.items()}
        return {
            plan: {name: column[place] for name, column in columns.items()}
            for place, plan in enumerate(columns["plan"])
        }

    def cells(
        self,
        columns: Sequence[str],
        machines: Sequence[int] | None = None,
        models: Sequence[int] | None = None,
    ) -> dict[str, Array]:
        """Columns of the cells of some machines and models, or of all: of the summary, else of the chunks done."""
        conditions = [
            f"{name} IN ({whole(numbers)})"
            for name, numbers in (("machine", machines), ("model", models))
            if numbers is not None
        ]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        if self.files.summary is not None:
            return _read("cells", self._cells, f"SELECT {', '.join(columns)} FROM cells{where}", {})
        every = ", ".join(column.name for column in CELLS)
        found = merged(_read("cells", self._cells, f"SELECT {every} FROM cells{where}", {}))
        return {name: found[name] for name in columns}

    def counts(self) -> dict[str, int]:
        """Plans by verdict, of all that were evaluated."""
        sums = ", ".join(f"coalesce(sum(n_{word}), 0)::BIGINT AS {word}" for word in VERDICTS)
        found = _read("cells", self._cells, f"SELECT {sums} FROM cells", {})
        return {word: int(found[word][0]) for word in VERDICTS}

    @property
    def _cells(self) -> Sequence[Path]:
        return self.files.cells if self.files.summary is None else [self.files.summary]


def _read(table: str, files: Sequence[Path], sql: str, parameters: Mapping[str, object]) -> dict[str, Array]:
    source = f"SELECT * FROM {FILES}" if files else _NOTHING[table]
    found = {**(paths(files) if files else {}), **parameters}
    return arrays(reading(), f"WITH {table} AS ({source}) {sql}", found)


def _empty(columns: Sequence[StoredColumn]) -> str:
    """A table of these columns without rows: what is read where no chunk is done."""
    named = ", ".join(f"NULL::{column.sql_type} AS {column.name}" for column in columns)
    return f"SELECT {named} WHERE false"


_NOTHING = {"rows": _empty(STORED), "cells": _empty(CELLS)}
