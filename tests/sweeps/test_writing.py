"""A chunk is written as it was computed: what is unknown stays unknown, what is kept is what was asked for."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from planner.duck import connect
from planner.sweeps.grid.entries import Entries
from planner.sweeps.results.cells import CELLS
from planner.sweeps.results.writing import write_chunk
from planner.sweeps.rows import STORED
from tests.sweeps.random_rows import as_dicts, entries, part, plans, read, write_parts

KNOWN = entries()
WORK = ("model", "kv_format", "context_tokens", "concurrency")
Row = dict[str, Any]


def written(
    tmp_path: Path, keep: str, n: int = 3000, seed: int = 1
) -> tuple[list[Row], list[Row], list[Row]]:
    """(all plans, those that were written, the cells)."""
    columns = plans(KNOWN, n, seed)
    rows, cells = write_parts(columns, [], keep, KNOWN, tmp_path)
    return as_dicts(columns), read(*rows), read(*cells)


def best_of(rows: list[Row], known: Entries) -> set[int]:
    """The plans that "the best" means, found by looking at each pair."""
    kept: set[int] = set()
    by_set_up: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    by_work: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_set_up[tuple(row[name] for name in ("machine", *WORK))].append(row)
        price = known.machines[row["machine"]].devices_price_usd
        if row["verdict"] <= 2 and row["decode_tps"] is not None and price is not None:
            by_work[tuple(row[name] for name in WORK)].append(row | {"price": price})
    for group in by_set_up.values():
        fit = [row for row in group if row["verdict"] == 0]
        run = [row for row in group if row["verdict"] <= 2 and row["decode_tps"] is not None]
        fit.sort(key=lambda row: (-row["weights_bytes"], -(row["decode_tps"] or 0), row["plan"]))
        run.sort(key=lambda row: (-row["decode_tps"], row["plan"]))
        kept |= {row["plan"] for row in fit[:1] + run[:1]}
    for group in by_work.values():
        points = [(-row["price"], row["decode_tps"], row["weights_bytes"]) for row in group]
        for row, point in zip(group, points, strict=True):
            beaten = any(
                other != point and all(a >= b for a, b in zip(other, point, strict=True)) for other in points
            )
            if not beaten:
                kept.add(row["plan"])
    return kept


def test_all_plans_are_written_as_they_were_computed(tmp_path: Path) -> None:
    rows, stored, _ = written(tmp_path, "all")
    assert stored == rows
    assert any(row["decode_tps"] is None for row in stored)


def test_the_files_have_the_declared_columns(tmp_path: Path) -> None:
    (rows,), (cells,) = write_parts(plans(KNOWN, 100), [], "all", KNOWN, tmp_path)
    with connect() as connection:
        for path, declared in ((rows, STORED), (cells, CELLS)):
            found = connection.execute("DESCRIBE FROM read_parquet($file)", {"file": str(path)}).fetchall()
            assert [column[:2] for column in found] == [(column.name, column.sql_type) for column in declared]


def test_running_plans_are_those_that_fit_are_tight_or_are_offloaded(tmp_path: Path) -> None:
    rows, stored, _ = written(tmp_path, "running")
    assert stored == [row for row in rows if row["verdict"] <= 2]
    assert 0 < len(stored) < len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_are_those_that_nothing_beats(tmp_path: Path, seed: int) -> None:
    rows, stored, _ = written(tmp_path, "best", n=600, seed=seed)
    best = best_of(rows, KNOWN)
    assert [row["plan"] for row in stored] == sorted(best)
    assert 0 < len(best) < len(rows)


def test_cells_count_all_plans_whatever_is_kept(tmp_path: Path) -> None:
    rows, _, cells = written(tmp_path, "best")
    assert cells == written(tmp_path, "all")[2]
    pairs = [(cell["machine"], cell["model"]) for cell in cells]
    assert pairs == sorted({(row["machine"], row["model"]) for row in rows})
    for cell in cells:
        here = [row for row in rows if (row["machine"], row["model"]) == (cell["machine"], cell["model"])]
        for code, word in enumerate(("fits", "tight", "offload", "no", "unknown")):
            assert cell[f"n_{word}"] == sum(row["verdict"] == code for row in here)
        running = [row for row in here if row["verdict"] <= 2]
        assert cell["n_no_speed"] == sum(row["decode_tps"] is None for row in running)
        assert cell["most_context_tokens"] == max((row["context_tokens"] for row in running), default=None)
        needs = [row["need_bytes"] for row in here if row["need_bytes"] is not None]
        assert cell["least_need_bytes"] == min(needs, default=None)


def test_cells_name_the_fastest_plan_and_the_widest_that_fits(tmp_path: Path) -> None:
    rows, _, cells = written(tmp_path, "all", n=90)
    by_plan = {row["plan"]: row for row in rows}
    for cell in cells:
        here = [row for row in rows if (row["machine"], row["model"]) == (cell["machine"], cell["model"])]
        run = [row for row in here if row["verdict"] <= 2 and row["decode_tps"] is not None]
        fit = [row for row in here if row["verdict"] == 0]
        fastest = min(run, key=lambda row: (-row["decode_tps"], row["plan"]), default=None)
        widest = min(
            fit, key=lambda row: (-row["weights_bytes"], -(row["decode_tps"] or 0), row["plan"]), default=None
        )
        for name, plan in (("fastest", fastest), ("widest", widest)):
            figures = {key: cell[f"{name}_{key}"] for key in by_plan[0] if f"{name}_{key}" in cell}
            assert len(figures) == 13
            assert figures == {key: plan and plan[key] for key in figures}
    assert any(cell["widest_plan"] is None for cell in cells)


def test_the_same_plans_give_the_same_bytes(tmp_path: Path) -> None:
    columns = plans(KNOWN, 70_000)
    for keep in ("all", "running", "best"):
        first = write_parts(columns, [], keep, KNOWN, tmp_path / f"{keep}-1")
        second = write_parts(columns, [], keep, KNOWN, tmp_path / f"{keep}-2")
        for one, other in zip(first, second, strict=True):
            assert one[0].read_bytes() == other[0].read_bytes()


def test_no_plan_kept_is_a_file_without_rows(tmp_path: Path) -> None:
    columns = plans(KNOWN, 50) | {"verdict": np.full(50, 3, dtype=np.uint8)}
    for keep in ("running", "best"):
        rows, cells = write_parts(columns, [], keep, KNOWN, tmp_path / keep)
        assert read(*rows) == []
        assert sum(cell["n_no"] for cell in read(*cells)) == 50


def test_no_plans_at_all(tmp_path: Path) -> None:
    for keep in ("all", "running", "best"):
        rows, cells = write_parts(part(plans(KNOWN, 9), 0, 0), [], keep, KNOWN, tmp_path / keep)
        assert read(*rows) == read(*cells) == []


def test_a_column_of_another_type_is_refused(tmp_path: Path) -> None:
    columns = plans(KNOWN, 9)
    columns["decode_tps"] = columns["decode_tps"].astype(np.float64)
    with pytest.raises(TypeError, match="decode_tps: float64"):
        write_parts(columns, [], "all", KNOWN, tmp_path)


def test_numbers_up_to_the_limits_of_their_types_stay_exact(tmp_path: Path) -> None:
    columns = plans(KNOWN, 4, start=2**53 - 5)
    columns["context_tokens"][:] = 2**32 - 1
    columns["weights_bytes"][:] = [2.0**53, 0.1, math.pi, 5e-324]
    rows, cells = write_parts(columns, [], "all", KNOWN, tmp_path)
    assert read(*rows) == as_dicts(columns)
    assert {cell["most_context_tokens"] for cell in read(*cells)} <= {2**32 - 1, None}


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "rows.parquet"
    with connect() as connection:
        with pytest.raises(duckdb.IOException) as raised:
            write_chunk(connection, plans(KNOWN, 9), "all", KNOWN, path, tmp_path / "cells")
        assert str(path) in raised.value.__notes__
        # the connection goes on working
        write_chunk(connection, plans(KNOWN, 9), "all", KNOWN, tmp_path / "rows", tmp_path / "cells")


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    with connect() as connection, pytest.raises(duckdb.IOException, match="No space left") as raised:
        write_chunk(connection, plans(KNOWN, 9), "all", KNOWN, Path("/dev/full"), tmp_path / "cells")
    assert raised.value.__notes__ == ["/dev/full"]


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "it's a [folder] * with “signs”?"
    rows, _ = write_parts(plans(KNOWN, 9), [], "all", KNOWN, folder)
    assert len(read(*rows)) == 9
