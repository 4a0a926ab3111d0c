"""Closing a sweep: what many chunks say together is what one chunk would have said."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from planner.duck import connect
from planner.sweeps.results.closing import write_best, write_summary
from tests.sweeps.random_rows import entries, plans, read, write_parts

KNOWN = entries()
N = 1500


def cut(seed: int) -> list[int]:
    """Places to cut at, some chunks with few plans or none."""
    cuts = sorted(random.Random(seed).choices(range(N), k=6))
    return [0, *cuts, cuts[-1]]


@pytest.mark.parametrize("seed", range(2))
def test_the_summary_of_many_chunks_is_that_of_one(tmp_path: Path, seed: int) -> None:
    columns = plans(KNOWN, N, seed)
    _, whole = write_parts(columns, [], "all", KNOWN, tmp_path / "whole")
    _, parts = write_parts(columns, cut(seed), "running", KNOWN, tmp_path / "parts")
    with connect() as connection:
        n = write_summary(connection, parts, tmp_path / "summary", most_cells=30 if seed % 2 else 500_000)
    assert read(tmp_path / "summary") == read(*whole)
    assert n == len(read(*whole)) == 28
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts", "summary", "whole"]


@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_many_chunks_are_those_of_one(tmp_path: Path, seed: int) -> None:
    columns = plans(KNOWN, N, seed)
    whole, _ = write_parts(columns, [], "best", KNOWN, tmp_path / "whole")
    parts, _ = write_parts(columns, cut(seed), "best", KNOWN, tmp_path / "parts")
    with connect() as connection:
        n = write_best(connection, parts, KNOWN, tmp_path / "best", most_plans=250 if seed % 2 else 10**6)
    best = read(tmp_path / "best")
    assert best == read(*whole)
    assert n == len(best) < len(read(*parts))


def test_closing_gives_the_same_bytes_however_often(tmp_path: Path) -> None:
    rows, cells = write_parts(plans(KNOWN, N), cut(1), "best", KNOWN, tmp_path / "parts")
    for i in range(2):
        with connect() as connection:
            write_summary(connection, cells, tmp_path / f"summary-{i}", most_cells=10)
            write_best(connection, rows, KNOWN, tmp_path / f"best-{i}", most_plans=100)
    for name in ("summary", "best"):
        assert (tmp_path / f"{name}-0").read_bytes() == (tmp_path / f"{name}-1").read_bytes()


def test_nothing_that_runs_leaves_files_without_rows(tmp_path: Path) -> None:
    columns = plans(KNOWN, 40)
    columns["verdict"][:] = 3
    rows, cells = write_parts(columns, [20], "best", KNOWN, tmp_path / "parts")
    with connect() as connection:
        assert write_best(connection, rows, KNOWN, tmp_path / "best") == 0
        assert write_summary(connection, cells, tmp_path / "summary") == len(read(tmp_path / "summary")) > 0
    assert read(tmp_path / "best") == []


def test_a_failure_leaves_no_parts_behind(tmp_path: Path) -> None:
    _, cells = write_parts(plans(KNOWN, N), [], "all", KNOWN, tmp_path / "parts")
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "summary").mkdir()  # in the way
    with connect() as connection, pytest.raises(Exception, match="summary"):
        write_summary(connection, cells, folder / "summary", most_cells=5)
    assert [path.name for path in folder.iterdir()] == ["summary"]
