"""Filters of the table of plans: each finds what plain Python finds, and an address that means nothing is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.http import QueryDict
from pytest_django import DjangoDbBlocker

from planner.engine.units import GIB
from planner.sweeps.models import Sweep
from planner.sweeps.results.cursors import Cursor
from planner.sweeps.results.query import RowsQuery, condition, unpriced_machines
from planner.sweeps.results.store import Results
from planner.sweeps.results.table import table_page
from planner.sweeps.views.rows_form import RowsForm
from tests.sweeps.made_results import make_sweep
from tests.sweeps.random_rows import as_dicts, entries, plans

KNOWN = entries()
N = 300
Row = dict[str, Any]


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> tuple[Sweep, Results]:
    """A sweep and its result, whose files outlast what the database knew of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        sweep = make_sweep(plans(KNOWN, N), KNOWN, cuts=[100])
        found = sweep, Results(sweep)
        transaction.set_rollback(True)
    return found


@pytest.fixture
def sweep(made: tuple[Sweep, Results]) -> Sweep:
    return made[0]


def form_of(sweep: Sweep, address: str) -> RowsForm:
    return RowsForm(QueryDict(address), sweep, KNOWN)


def price(row: Row) -> float:
    found = KNOWN.machines[row["machine"]].devices_price_usd
    return float("inf") if found is None else found


def bits(row: Row) -> float:
    return float(8 * row["weights_bytes"] / KNOWN.models[row["model"]].n_parameters)


def has_word(row: Row, word: str) -> bool:
    """Among machines and models, and where none of them has it, among formats and programs."""
    first, second = [
        [
            word in entry.name.casefold()
            for entry in (KNOWN.machines[row["machine"]], KNOWN.models[row["model"]])
        ],
        [
            word in entry.name.casefold()
            for entry in (KNOWN.formats[row["format"]], KNOWN.runtimes[row["runtime"]])
        ],
    ]
    any_first = any(word in entry.name.casefold() for entry in (*KNOWN.machines, *KNOWN.models))
    return any(first) if any_first else any(second)


CASES: list[tuple[str, Callable[[Row], bool]]] = [
    ("", lambda row: True),
    ("machine=3", lambda row: row["machine"] == 3),
    ("machine=machine-1", lambda row: row["machine"] in (2, 3)),  # both share the slug
    ("machine=z+machine+0", lambda row: row["machine"] == 0),
    ("model=model-2", lambda row: row["model"] == 2),
    ("model=2&machine=3", lambda row: (row["model"], row["machine"]) == (2, 3)),
    ("format=f1", lambda row: row["format"] == 1),
    ("kv_format=q8_0", lambda row: row["kv_format"] == 1),
    ("runtime=two/Metal", lambda row: row["runtime"] == 1),
    ("context=131072", lambda row: row["context_tokens"] == 131_072),
    ("users=8", lambda row: row["concurrency"] == 8),
    ("verdict=runs", lambda row: row["verdict"] <= 2),
    ("verdict=no", lambda row: row["verdict"] == 3),
    ("verdict=unknown", lambda row: row["verdict"] == 4),
    ("speed=1.5", lambda row: row["decode_tps"] is not None and row["decode_tps"] >= 1.5),
    ("need=2.5", lambda row: row["need_bytes"] is not None and row["need_bytes"] <= 2.5 * GIB),
    ("price=500", lambda row: price(row) <= 500),
    ("price=0", lambda row: price(row) <= 0),
    ("machine=0&price=9000", lambda row: False),  # nobody knows its price
    ("bits=8", lambda row: bits(row) >= 7.995),
    ("q=machine", lambda row: True),
    ("q=Z+MACHINE", lambda row: has_word(row, "z")),
    ("q=model+d", lambda row: has_word(row, "d")),
    ("q=metal", lambda row: row["runtime"] == 1),
    ("q=format+2+cuda", lambda row: has_word(row, "2") and (row["format"] >= 0) and row["runtime"] == 0),
    ("q=nothing+is+called+so", lambda row: False),
    ("q=%25", lambda row: False),
    ("q=%27+OR+1%3D1+--", lambda row: False),
    (
        "q=cuda&verdict=fits&speed=1&users=1&format=f0",
        lambda row: (
            has_word(row, "cuda")
            and row["verdict"] == 0
            and (row["decode_tps"] or 0) >= 1
            and row["concurrency"] == 1
            and row["format"] == 0
        ),
    ),
]


@pytest.mark.parametrize(("address", "passes"), CASES, ids=[address for address, _ in CASES])
def test_a_filter_finds_what_passes(
    made: tuple[Sweep, Results], address: str, passes: Callable[[Row], bool]
) -> None:
    sweep, results = made
    form = form_of(sweep, address)
    assert form.is_valid(), form.errors
    expected = [row["plan"] for row in as_dicts(plans(KNOWN, N)) if passes(row)]
    found, cursor = [], ""
    while True:
        page = table_page(results, form.rows_query(), "", cursor)
        assert page.n_matching == len(expected)
        found += [row["plan"] for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
    assert found == expected


@pytest.mark.parametrize(
    ("address", "field", "text"),
    [
        ("colour=red", "__all__", "“colour”"),
        ("modle=1", "__all__", "Did you mean “model”?"),
        ("model=1&model=2", "model", "more than once"),
        ("machine=7", "machine", "no such machine in this sweep"),
        ("machine=machine-99", "machine", "no such machine in this sweep"),
        ("machine=-1", "machine", "no such machine in this sweep"),
        ("model=%C2%B2", "model", "no such model in this sweep"),
        ("model=99999999999999999999999999", "model", "no such model in this sweep"),
        ("format=f9", "format", "no such choice"),
        ("runtime=two/CUDA", "runtime", "no such choice"),
        ("context=5", "context", "no such choice"),
        ("users=2", "users", "no such choice"),
        ("verdict=perhaps", "verdict", "no such choice"),
        ("speed=fast", "speed", "Write a number here"),
        ("speed=-1", "speed", "at least 0"),
        ("speed=1e9", "speed", "Write a number here"),
        ("speed=99999999", "speed", "at most 1,000,000"),
        ("need=nan", "need", "Write a number here"),
        ("price=%24100", "price", "Write a number here"),
        ("bits=65", "bits", "at most 64"),
        ("sort=colour", "sort", "no such choice"),
        ("cursor=abc", "cursor", "no place in the table"),
        ("q=a%00b", "q", "character"),
        ("q=" + "x" * 500, "q", "too long"),
    ],
)
def test_what_means_nothing_is_refused_with_a_text_on_its_field(
    sweep: Sweep, address: str, field: str, text: str
) -> None:
    form = form_of(sweep, address)
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert text in str(form.errors[field])
    assert isinstance(form.rows_query(), RowsQuery)  # the page is drawn all the same


def test_a_place_is_of_one_order_only(sweep: Sweep) -> None:
    cursor = Cursor("-decode", True, 2.0, 3, 0.0, 50).text()
    assert form_of(sweep, f"sort=-decode&cursor={cursor}").is_valid()
    wrong = form_of(sweep, f"sort=decode&cursor={cursor}")
    assert not wrong.is_valid()
    assert "another order" in str(wrong.errors["cursor"])
    assert not form_of(sweep, f"cursor={Cursor('', True, 2.0, 3, 0.0, 50).text()}").is_valid()


def test_machines_without_a_price_are_counted() -> None:
    assert unpriced_machines(RowsQuery(most_price_usd=1.0), KNOWN) == 3
    assert unpriced_machines(RowsQuery(most_price_usd=1.0, machines=(0, 1)), KNOWN) == 1
    assert unpriced_machines(RowsQuery(machines=(0, 1)), KNOWN) == 0


def test_nothing_that_a_person_types_is_part_of_the_sql() -> None:
    typed = "'; DROP TABLE plans; --"
    found = condition(RowsQuery(text=typed, least_decode_tps=123_456.0, most_price_usd=654_321.0), KNOWN)
    assert not any(word in found.where for word in ("DROP", ";", "123456", "654321"))
