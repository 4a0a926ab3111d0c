"""The order of the table of plans, and the plans that come next in it from a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from planner.sweeps.results.cursors import Cursor, CursorError
from planner.sweeps.results.duck import reading
from planner.sweeps.results.files import FILES, paths
from planner.sweeps.results.query import Condition
from planner.sweeps.results.store import Results
from planner.sweeps.results.table_columns import COLUMNS, TableColumn, entry_join

# The next plans are first looked for so many times as far from here as the last ones reached: reading only what lies
# between two figures takes two thirds of the time.
REACH = 8
_MOST = {"UTINYINT": 2**8 - 1, "UINTEGER": 2**32 - 1, "BIGINT": 2**63 - 1, "FLOAT": 3.4e38, "DOUBLE": 1.7e308}


class Key(NamedTuple):
    """A plan that was found."""

    plan: int
    file: int  # of the rows files, from 0
    key: float | None  # what it is sorted by; None: unknown, or sorted by number


@dataclass(frozen=True, slots=True)
class Order:
    """What a table is sorted by. Plans' numbers decide between equals; what is unknown comes last both ways."""

    sort: str
    column: TableColumn | None  # None: plans' numbers alone
    is_down: bool

    @classmethod
    def of(cls, sort: str) -> Order:
        """Of a key of ``COLUMNS``, "-" before it for downwards, or "" for plans' numbers. KeyError for another."""
        return cls(sort, COLUMNS[sort.removeprefix("-")] if sort else None, sort.startswith("-"))

    @property
    def sql(self) -> str:
        """What it is sorted by."""
        return self.column.sql if self.column else "NULL"

    def check(self, place: Cursor) -> None:
        """Raise ``CursorError`` where no plan of a table in this order can have the cursor's key."""
        column, key = self.column, place.key
        if column is None:
            fits = key is None
        elif key is None:
            fits = column.can_be_unknown
        else:
            is_whole = isinstance(key, int) and key >= 0
            fits = abs(key) <= _MOST[column.sql_type] and (column.is_figure or is_whole)
        if not fits:
            raise CursorError()


def find(results: Results, asked: Condition, order: Order, place: Cursor | None, limit: int) -> list[Key]:
    """The next plans from a place in its direction, the nearest first; from the beginning without one."""
    forward = place is None or place.forward
    known = [True, False] if order.column and order.column.can_be_unknown else [True]
    if not forward:
        known.reverse()
    found: list[Key] = []
    for is_known in known:
        here = place
        if place is not None and order.column is not None and (place.key is not None) != is_known:
            if known.index(is_known) == 0:  # these lie behind
                continue
            here = None
        if len(found) < limit:
            found += _Section(results, order, is_known, forward).find(asked, here, limit - len(found))
    return found


@dataclass(frozen=True, slots=True)
class _Section:
    """The plans whose sorted figure is known, or those whose is not, in one direction."""

    results: Results
    order: Order
    is_known: bool
    forward: bool

    @property
    def is_keyed(self) -> bool:
        return self.order.column is not None and self.is_known

    @property
    def is_down(self) -> bool:
        """Whether the figures fall on the way."""
        return self.order.is_down == self.forward

    def find(self, asked: Condition, place: Cursor | None, limit: int) -> list[Key]:
        column = self.order.column
        if column is not None and column.can_be_unknown:
            asked = asked.also(f"{column.sql} IS {'NOT ' if self.is_known else ''}NULL")
        if place is None:
            return self._read(asked, limit)
        further = ">" if self.forward else "<"
        if not self.is_keyed or column is None:
            return self._read(asked.also(f"plan {further} $plan", plan=place.plan), limit)
        on, key = "<" if self.is_down else ">", f"$key::{column.sql_type}"
        asked = asked.also(
            f"{column.sql} {on}= {key}",
            f"({column.sql} {on} {key} OR plan {further} $plan)",
            key=place.key,
            plan=place.plan,
        )
        reach = (place.key or 0) + (-1 if self.is_down else 1) * REACH * place.span
        if place.span > 0 and column.is_figure and abs(reach) <= _MOST[column.sql_type]:
            near = asked.also(f"{column.sql} {on.translate(_TURNED)}= $reach::{column.sql_type}", reach=reach)
            found = self._read(near, limit)
            if len(found) == limit:
                return found
        return self._read(asked, limit)

    def _read(self, asked: Condition, limit: int) -> list[Key]:
        key = self.order.sql if self.is_keyed else "NULL"
        join, parameters = "", {**paths(self.results.rows), **asked.parameters}
        if self.order.column is not None:
            join, of_entries = entry_join(self.order.column, self.results.entries)
            parameters |= of_entries
        by = f"plan {'ASC' if self.forward else 'DESC'}"
        if self.is_keyed:
            by = f"key {'DESC' if self.is_down else 'ASC'}, {by}"
        rows = reading().execute(
            f"SELECT plan, file_index, {key} AS key FROM {FILES}{join}{asked.where} ORDER BY {by} LIMIT {limit}",
            parameters,
        )
        return [Key(*row) for row in rows.fetchall()]


_TURNED = str.maketrans("<>", "><")
