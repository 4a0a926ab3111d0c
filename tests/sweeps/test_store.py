"""A result is opened by its manifest: what is not there is told, what lies beside it is not read."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from planner.sweeps.models import ResultFile, Sweep
from planner.sweeps.results.counting import n_matching
from planner.sweeps.results.query import RowsQuery
from planner.sweeps.results.store import Results, ResultsMissing
from planner.sweeps.results.table import table_page
from tests.sweeps.made_results import make_sweep
from tests.sweeps.random_rows import entries, plans

pytestmark = pytest.mark.django_db
KNOWN = entries()


def folder_of(sweep: Sweep) -> Path:
    return Path(settings.RESULTS_DIR) / str(sweep.pk)


def test_the_manifest_names_the_files_in_the_order_of_plans() -> None:
    results = Results(make_sweep(plans(KNOWN, 30), KNOWN, cuts=[10, 20]))
    assert [path.name for path in results.rows] == [f"rows-{i}.parquet" for i in range(3)]
    assert [path.name for path in results.cells] == [f"cells-{i}.parquet" for i in range(3)]
    assert results.summary is not None
    assert results.entries == KNOWN
    assert results.n_rows == 30


def test_files_that_the_manifest_does_not_name_are_not_read() -> None:
    sweep = make_sweep(plans(KNOWN, 30), KNOWN, cuts=[10])
    rows = folder_of(sweep) / "rows-0.parquet"
    (folder_of(sweep) / "rows-000009.parquet").write_bytes(rows.read_bytes())
    (folder_of(sweep) / "rows-1.attempt-2-x.tmp").write_bytes(b"half")
    assert table_page(Results(sweep), RowsQuery()).n_matching == 30


def test_a_running_sweep_shows_the_chunks_that_are_done() -> None:
    sweep = make_sweep(plans(KNOWN, 30), KNOWN, cuts=[10, 20], is_done=False)
    ResultFile.objects.filter(sweep=sweep, name__contains="-1.").delete()
    results = Results(sweep)
    assert results.summary is None
    assert [row["plan"] for row in table_page(results, RowsQuery()).rows] == [*range(10), *range(20, 30)]


def test_a_sweep_without_files_is_empty() -> None:
    sweep = make_sweep(plans(KNOWN, 30), KNOWN, is_done=False)
    ResultFile.objects.filter(sweep=sweep).delete()
    page = table_page(Results(sweep), RowsQuery(), "-decode")
    assert (page.rows, page.n_matching, page.first_number) == ((), 0, 0)
    assert (page.next_cursor, page.previous_cursor) == ("", "")


def test_a_file_that_is_gone_or_of_another_size_is_told() -> None:
    sweep = make_sweep(plans(KNOWN, 30), KNOWN, cuts=[10, 20])
    (folder_of(sweep) / "rows-1.parquet").unlink()
    with (folder_of(sweep) / "cells-2.parquet").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ResultsMissing) as raised:
        Results(sweep)
    assert sorted(file.name for file in raised.value.missing) == ["cells-2.parquet", "rows-1.parquet"]


def test_a_folder_that_is_gone_is_told() -> None:
    sweep = make_sweep(plans(KNOWN, 30), KNOWN)
    folder_of(sweep).rename(folder_of(sweep).with_suffix(".away"))
    with pytest.raises(ResultsMissing) as raised:
        Results(sweep)
    assert len(raised.value.missing) == 3


def test_entries_are_read_from_the_database_once(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    made = make_sweep(plans(KNOWN, 30), KNOWN)
    Results(made)
    sweep = Sweep.objects.defer("entries", "definition").get(pk=made.pk)
    with django_assert_num_queries(1):  # the manifest
        assert Results(sweep).entries == KNOWN


@pytest.mark.parametrize("keep", ["all", "running", "best"])
@pytest.mark.parametrize("is_done", [True, False])
def test_what_is_counted_is_what_is_found(keep: str, is_done: bool) -> None:
    results = Results(make_sweep(plans(KNOWN, 600), KNOWN, cuts=[200, 300], keep=keep, is_done=is_done))
    for query in (
        RowsQuery(),
        RowsQuery(machines=(1,)),
        RowsQuery(machines=(1, 4), models=(2,)),
        RowsQuery(verdict="runs"),
        RowsQuery(verdict="no"),
        RowsQuery(verdict="tight", models=(0, 3)),
        RowsQuery(most_price_usd=500.0),
        RowsQuery(most_price_usd=0.5),
        RowsQuery(machines=(1,), least_decode_tps=1.5),
        RowsQuery(least_bits=10.0),
        RowsQuery(text="machine model", verdict="fits"),
        RowsQuery(text="d", verdict="runs"),
        RowsQuery(text="cuda"),
        RowsQuery(text="nobody"),
    ):
        counted = n_matching(results, query)
        found, cursor = 0, ""
        while True:
            page = table_page(results, query, "", cursor)
            found, cursor = found + len(page.rows), page.next_cursor
            if not cursor:
                break
        assert found == counted == n_matching(results, query), query
