"""What is exported of a sweep is what its table shows, in its order, in words."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from planner.engine.verdict import VERDICTS
from planner.exports.streaming import stream
from planner.sweeps.models import ResultFile
from planner.sweeps.results.exporting import export_table
from planner.sweeps.results.query import RowsQuery
from planner.sweeps.results.store import Results
from planner.sweeps.results.table import table_page
from planner.sweeps.results.table_columns import COLUMNS
from planner.sweeps.rows import STORED
from tests.sweeps.made_results import make_sweep
from tests.sweeps.random_rows import as_dicts, entries, plans

pytestmark = pytest.mark.django_db
KNOWN = entries()
N = 120


def exported(results: Results, query: RowsQuery, sort: str, folder: Path) -> list[dict[str, Any]]:
    with closing(stream("jsonl", export_table(results, query, sort), folder)) as blocks:
        return [json.loads(line) for line in b"".join(blocks).splitlines()]


def shown(results: Results, query: RowsQuery, sort: str) -> list[int]:
    """Plan numbers on all pages of the table."""
    found, cursor = [], ""
    while True:
        page = table_page(results, query, sort, cursor)
        found += [row["plan"] for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            return found


def test_rows_are_told_in_words_and_whole_bytes(tmp_path: Path) -> None:
    columns = plans(KNOWN, N)
    results = Results(make_sweep(columns, KNOWN, cuts=[50]))
    found = exported(results, RowsQuery(), "", tmp_path)
    for row, stored in zip(found, as_dicts(columns), strict=True):
        machine, model = KNOWN.machines[stored["machine"]], KNOWN.models[stored["model"]]
        runtime = KNOWN.runtimes[stored["runtime"]]
        assert (row["plan"], row["machine"], row["model"]) == (stored["plan"], machine.name, model.name)
        assert (row["device"], row["device_count"]) == (machine.device, machine.device_count)
        assert (row["memory_gb"], row["devices_price_usd"]) == (24.0, machine.devices_price_usd)
        assert row["format"] == KNOWN.formats[stored["format"]].name
        assert row["kv_format"] == KNOWN.kv_formats[stored["kv_format"]].name
        assert (row["runtime"], row["backend"]) == (runtime.slug, runtime.backend)
        assert row["verdict"] == VERDICTS[stored["verdict"]]
        assert row["bits_per_weight"] == pytest.approx(
            8 * stored["weights_bytes"] / model.n_parameters, abs=5e-5
        )
        total = stored["decode_tps"] and stored["decode_tps"] * stored["concurrency"]
        assert row["decode_total_tps"] == (pytest.approx(total, rel=1e-6) if total else None)
        for column in STORED:
            if column.name in row and not column.entries and column.name != "verdict":
                value = stored[column.name]
                assert row[column.name] == (None if value is None else pytest.approx(value, rel=1e-6)), (
                    column.name
                )
        assert all(isinstance(row[name], int | None) for name in row if name.endswith("_bytes"))
    missing = [column.name for column in STORED if column.name not in found[0]]
    assert missing == []


def test_every_order_is_the_tables(tmp_path: Path) -> None:
    results = Results(make_sweep(plans(KNOWN, N), KNOWN, cuts=[50]))
    for key in ["", *COLUMNS]:
        for sort in dict.fromkeys((key, f"-{key}" if key else "")):
            found = [row["plan"] for row in exported(results, RowsQuery(), sort, tmp_path)]
            assert found == shown(results, RowsQuery(), sort), sort


@pytest.mark.parametrize("sort", ["", "-decode", "price"])
def test_only_plans_that_match_are_exported(sort: str, tmp_path: Path) -> None:
    results = Results(make_sweep(plans(KNOWN, N), KNOWN, cuts=[50]))
    query = RowsQuery(verdict="runs", most_price_usd=1000.0, least_bits=4.0, text="machine")
    found = [row["plan"] for row in exported(results, query, sort, tmp_path)]
    assert found == shown(results, query, sort)
    assert 0 < len(found) < N


def test_a_sweep_without_rows_is_a_file_without_rows(tmp_path: Path) -> None:
    sweep = make_sweep(plans(KNOWN, 5), KNOWN, is_done=False)
    ResultFile.objects.filter(sweep=sweep).delete()
    for sort in ("", "price"):
        query = RowsQuery(verdict="runs")
        assert exported(Results(sweep), query, sort, tmp_path) == []
