"""A page of the table of plans, at any place of it in about the same time.

The plans of a page are found by what they are sorted by, reading as few columns as that takes, and only then fetched
with all of theirs. A page names the plan that it goes on after, so that no page counts those before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planner.sweeps.results.counting import n_matching
from planner.sweeps.results.cursors import Cursor, read_cursor
from planner.sweeps.results.duck import reading
from planner.sweeps.results.files import FILES, paths
from planner.sweeps.results.order import Key, Order, find
from planner.sweeps.results.query import RowsQuery, condition
from planner.sweeps.results.store import Results
from planner.sweeps.rows import STORED

PAGE_SIZE = 50
_STORED = ", ".join(column.name for column in STORED)

StoredPlan = dict[str, Any]  # by the names of the stored columns; None: not known


@dataclass(frozen=True, slots=True)
class TablePage:
    """Plans, and the way to their neighbours."""

    rows: tuple[StoredPlan, ...]
    n_matching: int
    first_number: int  # of the first row among those that match, from 1; 0 where there are none
    next_cursor: str  # "": there is no such page
    previous_cursor: str


def table_page(results: Results, query: RowsQuery, sort: str = "", cursor: str = "") -> TablePage:
    """The page that the cursor leads to; the first without one.

    ``sort``: a key of ``table_columns.COLUMNS``, with "-" before it for downwards; "": by plan number. Raises
    ``CursorError`` with a text for the person where the cursor is none of this table, and KeyError for a sort that
    there is not.
    """
    order = Order.of(sort)
    place = read_cursor(cursor, sort) if cursor else None
    if place is not None:
        order.check(place)
    n_found = n_matching(results, query)
    keys: list[Key] = []
    if n_found:
        keys = find(results, condition(query, results.entries), order, place, PAGE_SIZE + 1)
    is_more, keys = len(keys) > PAGE_SIZE, keys[:PAGE_SIZE]
    if place is None or place.forward:
        before = place.before if place else 0
        has_previous, has_next = place is not None and bool(keys), is_more
    elif len(keys) < PAGE_SIZE:  # the beginning came nearer than a page: show it whole
        return table_page(results, query, sort)
    else:
        keys.reverse()
        before = max(place.before - PAGE_SIZE, 1) if is_more else 0
        has_previous, has_next = is_more, True
    first, last = _ends(sort, keys, before)
    return TablePage(
        rows=_fetched(results, keys),
        n_matching=n_found,
        first_number=before + 1 if keys else 0,
        next_cursor=last if has_next else "",
        previous_cursor=first if has_previous else "",
    )


def _ends(sort: str, keys: Sequence[Key], before: int) -> tuple[str, str]:
    """Cursors of what lies before these plans, and after them."""
    if not keys:
        return "", ""
    first, last = keys[0], keys[-1]
    span = abs(last.key - first.key) if first.key is not None and last.key is not None else 0.0
    return (
        Cursor(sort, False, first.key, first.plan, span, before).text(),
        Cursor(sort, True, last.key, last.plan, span, before + len(keys)).text(),
    )


def _fetched(results: Results, keys: Sequence[Key]) -> tuple[StoredPlan, ...]:
    """The plans that were found, in their order, with all that is stored of them."""
    if not keys:
        return ()
    files = [results.rows[file] for file in sorted({key.file for key in keys})]
    found = reading().execute(
        f"SELECT {_STORED} FROM {FILES} WHERE plan IN (SELECT unnest($plans::BIGINT[]))",
        {**paths(files), "plans": [key.plan for key in keys]},
    )
    names = [column.name for column in STORED]
    by_plan = {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}
    return tuple(by_plan[key.plan] for key in keys)
