"""The table of plans: every order from first to last page and back, whatever is equal or unknown in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from planner.sweeps.grid.entries import Entries
from planner.sweeps.results import order as orders
from planner.sweeps.results.cursors import Cursor, CursorError, read_cursor
from planner.sweeps.results.query import RowsQuery
from planner.sweeps.results.store import Results
from planner.sweeps.results.table import PAGE_SIZE, TablePage, table_page
from planner.sweeps.results.table_columns import COLUMNS
from tests.sweeps.made_results import make_sweep
from tests.sweeps.random_rows import as_dicts, entries, plans

KNOWN = entries()
N = 230
SORTS = ["", *COLUMNS, *(f"-{key}" for key in COLUMNS)]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def results(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Results:
    """A result of four chunks; its files outlast what the database knew of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        found = Results(make_sweep(plans(KNOWN, N), KNOWN, cuts=[30, 31, 200]))
        transaction.set_rollback(True)
    return found


def key_of(row: Row, key: str, known: Entries) -> Any:
    """What a row is sorted by, in plain Python; None: unknown."""
    listed = {
        "machine": known.machines,
        "model": known.models,
        "format": known.formats,
        "kv_format": known.kv_formats,
        "runtime": known.runtimes,
    }
    if key in listed:
        return listed[key][row[key]].name.casefold()  # type: ignore[index]
    if key == "price":
        return known.machines[row["machine"]].devices_price_usd
    if key == "bits":
        return 8 * row["weights_bytes"] / known.models[row["model"]].n_parameters
    if key == "total":
        return None if row["decode_tps"] is None else row["decode_tps"] * row["concurrency"]
    names = {
        "context": "context_tokens",
        "users": "concurrency",
        "need": "need_bytes",
        "limit": "limit_bytes",
        "decode": "decode_tps",
        "prefill": "prefill_tps",
        "ttft": "ttft_ms",
    }
    return row[names.get(key, key)]


def in_order(rows: list[Row], sort: str, known: Entries = KNOWN) -> list[int]:
    """Plan numbers as they should stand."""
    if not sort:
        return [row["plan"] for row in rows]
    key, is_down = sort.removeprefix("-"), sort.startswith("-")
    known_rows = [row for row in rows if key_of(row, key, known) is not None]
    known_rows.sort(key=lambda row: key_of(row, key, known), reverse=is_down)  # stable: equals stay by number
    if is_down:
        values = [key_of(row, key, known) for row in known_rows]
        known_rows = [
            row
            for _, row in sorted(
                enumerate(known_rows), key=lambda at: (values.index(values[at[0]]), at[1]["plan"])
            )
        ]
    return [row["plan"] for row in [*known_rows, *(row for row in rows if key_of(row, key, known) is None)]]


def pages(results: Results, query: RowsQuery, sort: str) -> list[TablePage]:
    """All pages, forwards."""
    found = [table_page(results, query, sort)]
    while found[-1].next_cursor:
        found.append(table_page(results, query, sort, found[-1].next_cursor))
    return found


def numbers(*found: TablePage) -> list[int]:
    return [row["plan"] for page in found for row in page.rows]


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_forwards_and_back(results: Results, sort: str) -> None:
    expected = in_order(as_dicts(plans(KNOWN, N)), sort)
    forwards = pages(results, RowsQuery(), sort)
    assert numbers(*forwards) == expected
    assert [page.first_number for page in forwards] == [1, 51, 101, 151, 201]
    assert forwards[0].previous_cursor == ""
    assert {page.n_matching for page in forwards} == {N}
    page = forwards[-1]
    for earlier in reversed(forwards[:-1]):
        page = table_page(results, RowsQuery(), sort, page.previous_cursor)
        assert page.rows == earlier.rows
        assert page.first_number == earlier.first_number
        assert page.next_cursor == earlier.next_cursor
    assert page.previous_cursor == ""


def test_rows_have_all_that_is_stored(results: Results) -> None:
    by_plan = {row["plan"]: row for row in as_dicts(plans(KNOWN, N))}
    for row in table_page(results, RowsQuery(), "-decode").rows:
        assert row == by_plan[row["plan"]]


@pytest.mark.parametrize("sort", ["", "-decode", "price", "-machine"])
def test_filtered_pages_hold_what_passes(results: Results, sort: str) -> None:
    query = RowsQuery(models=(1, 2), verdict="runs", least_decode_tps=1.0)
    rows = [
        row
        for row in as_dicts(plans(KNOWN, N))
        if row["model"] in (1, 2) and row["verdict"] <= 2 and (row["decode_tps"] or 0) >= 1.0
    ]
    found = pages(results, query, sort)
    assert numbers(*found) == in_order(rows, sort)
    assert found[0].n_matching == len(rows) > PAGE_SIZE


def test_the_next_page_is_found_beyond_the_reach_of_the_last(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = numbers(*pages(results, RowsQuery(), "-decode"))
    monkeypatch.setattr(orders, "REACH", 0.001)
    assert numbers(*pages(results, RowsQuery(), "-decode")) == expected


def test_a_page_before_the_beginning_is_the_first_page(results: Results) -> None:
    first = table_page(results, RowsQuery(), "need")
    row = first.rows[10]
    near = Cursor("need", False, row["need_bytes"], row["plan"], 0.0, 60).text()
    assert table_page(results, RowsQuery(), "need", near) == first


def test_a_place_behind_the_end_has_no_rows_and_no_neighbours(results: Results) -> None:
    page = table_page(results, RowsQuery(), "", Cursor("", True, None, N, 0.0, 300).text())
    assert (page.rows, page.next_cursor, page.previous_cursor, page.first_number) == ((), "", "", 0)


@pytest.mark.django_db
def test_equal_plans_of_a_whole_page_do_not_stop_the_way() -> None:
    columns = plans(KNOWN, N)
    columns["decode_tps"][:] = 7.0
    results = Results(make_sweep(columns, KNOWN, cuts=[100]))
    for sort in ("decode", "-decode"):
        assert numbers(*pages(results, RowsQuery(), sort)) == list(range(N))


def test_a_query_that_finds_nothing(results: Results) -> None:
    page = table_page(results, RowsQuery(models=(1,), least_decode_tps=1e9), "-decode")
    assert (page.rows, page.n_matching, page.next_cursor, page.previous_cursor) == ((), 0, "", "")


def told(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "ä",
        "=",
        "!!!!",
        "AAAA",
        "W10",
        "W" * 10_000,
        base64.urlsafe_b64encode(b"[" * 250).decode(),
        told("-decode", 1, 2.0, 3, 0.0),
        told("-decode", 2, 2.0, 3, 0.0, 0),
        told("-decode", 1, "2", 3, 0.0, 0),
        told("-decode", 1, True, 3, 0.0, 0),
        told("-decode", 1, 2.0, 3.5, 0.0, 0),
        told("-decode", 1, 2.0, -3, 0.0, 0),
        told("-decode", 1, 2.0, 2**63, 0.0, 0),
        told("-decode", 1, 2.0, 3, -1.0, 0),
        told("-decode", 1, 2.0, 3, 0.0, None),
        told("-decode", 1, float("nan"), 3, 0.0, 0),
        told("-decode", 1, float("inf"), 3, 0.0, 0),
        told("-decode", 1, 1e39, 3, 0.0, 0),
        told({}, 1, 2.0, 3, 0.0, 0),
        told("decode", 1, 2.0, 3, 0.0, 0),  # of another order
    ],
)
def test_a_wrong_place_is_refused_with_a_text(results: Results, text: str) -> None:
    with pytest.raises(CursorError, match=r"Start at its beginning\.$"):
        table_page(results, RowsQuery(), "-decode", text)


@pytest.mark.parametrize(
    ("sort", "key"), [("context", 1.5), ("context", -1), ("context", 2**32), ("verdict", None), ("", 1.0)]
)
def test_a_key_that_the_order_cannot_have_is_refused(results: Results, sort: str, key: float | None) -> None:
    with pytest.raises(CursorError):
        table_page(results, RowsQuery(), sort, Cursor(sort, True, key, 1, 0.0, 0).text())


def test_far_reaching_places_are_answered(results: Results) -> None:
    for key, span in ((3.4e38, 1e300), (-3.4e38, 0.0), (0.0, 1e308)):
        for forward in (True, False):
            table_page(
                results, RowsQuery(), "-decode", Cursor("-decode", forward, key, 2**63 - 1, span, 0).text()
            )


def test_cursors_stay_exact() -> None:
    for key in (0.1, 1 / 3, 5e-324, 2**53 + 1, None):
        cursor = Cursor("-total", False, key, 2**62, 0.25, 7)
        assert read_cursor(cursor.text(), "-total") == cursor
