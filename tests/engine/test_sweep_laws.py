"""A sweep is its plans: one plan alone, in a list, in a slice or in a block is the same as its cell of the whole."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_catalog.tables import machine_table
from planner.engine import evaluate as evaluation
from planner.engine.columns import COLUMNS, Columns
from planner.engine.grid import Axes, Grid
from planner.engine.verdict import OFFLOAD
from tests.engine.catalog import tables
from tests.engine.sweeps import PLAIN, WORKLOADS, engine, machines, product_grid, sweep_tables

SWEEP = sweep_tables(WORKLOADS)
RUNTIMES = {
    pair: row
    for pair, row in tables().runtime_row.items()
    if pair
    in {
        ("llama-cpp", "CUDA"),
        ("llama-cpp", "CPU"),
        ("ik-llama-cpp", "CUDA"),
        ("vllm", "CUDA"),
        ("mlx-lm", "Metal"),
        ("executorch", "XNNPACK"),
    }
}
GAMING = [i for i, machine in enumerate(machines()) if machine.host_memory_bytes > 0]


def assert_same(found: Columns, whole: Columns, places: slice | np.ndarray) -> None:
    """Equal to the last digits: sums over a machine's levels may be grouped in another way."""
    for name in COLUMNS:
        np.testing.assert_allclose(
            found[name].astype(float), whole[name][places].astype(float), rtol=1e-13, err_msg=name
        )


def rows_of(*choices: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.sampled_from(choices), min_size=1, max_size=4, unique=True)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, len(machines()) - 1), min_size=1, max_size=12, unique=True),
    rows_of(*range(len(tables().models))),
    rows_of(*RUNTIMES.values()),
    st.data(),
)
def test_one_plan_is_its_cell_of_a_sweep(
    machine: list[int], model: list[int], runtime: list[int], data: st.DataObject
) -> None:
    # some with a host, so that weights move
    grid = product_grid(sorted({*machine, *GAMING[:2]}), model, runtime, len(WORKLOADS))
    built = engine(grid, SWEEP)
    whole = built.evaluate(grid)
    place = data.draw(st.integers(0, len(grid) - 1))
    assert_same(built.evaluate(grid, place, place + 1), whole, slice(place, place + 1))
    stop = data.draw(st.integers(place, len(grid)))
    assert_same(built.evaluate(grid, place, stop), whole, slice(place, stop))
    chosen = np.array(data.draw(st.lists(st.integers(0, len(grid) - 1), min_size=1, max_size=20)))
    listed = Grid(Axes(*(axis[chosen] for axis in grid.rows(0, len(grid)))), product=False)
    assert_same(engine(listed, SWEEP).evaluate(listed), whole, chosen)


def test_a_machine_in_company_is_the_machine_alone() -> None:
    runtimes = [RUNTIMES["llama-cpp", "CUDA"], RUNTIMES["llama-cpp", "CPU"]]
    of_device: dict[tuple[str, int], list[int]] = {}
    for row, machine in enumerate(machines()):
        of_device.setdefault((machine.device.slug, machine.device_count), []).append(row)
    # without the first of them, by which the group is named
    likes = next(
        found[1:] for found in of_device.values() if len({machines()[i].memory_bytes for i in found[1:]}) > 1
    )
    grid = product_grid(likes, [0, 100], runtimes, len(WORKLOADS))
    whole = engine(grid, SWEEP).evaluate(grid)
    n_plans = len(grid) // len(likes)
    for place, row in enumerate(likes):
        alone = replace(SWEEP, machines=machine_table([machines()[row]]))
        one = product_grid([0], [0, 100], runtimes, len(WORKLOADS))
        found = engine(one, alone).evaluate(one)
        assert_same(found, whole, slice(place * n_plans, (place + 1) * n_plans))


@pytest.mark.parametrize("sizes", [(97, 13, 7), (60, 4000, 1000), (65_536, 500, 3)])
def test_how_a_sweep_is_cut_makes_no_difference(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, int, int]
) -> None:
    grid = product_grid([*GAMING[::150], 0, 1, 2], [0, 60, 150], list(RUNTIMES.values()), len(WORKLOADS))
    built = engine(grid, SWEEP)
    whole = built.evaluate(grid)
    assert (whole["verdict"] == OFFLOAD).any()
    names = ("BLOCK_PLANS", "STRIP_PLANS", "PART_NEEDS")
    for name, size in zip(names, sizes, strict=True):
        monkeypatch.setattr(evaluation, name, size)
    assert_same(built.evaluate(grid), whole, slice(None))


def test_blocks_hold_every_plan_once_and_the_declared_columns() -> None:
    grid = product_grid(list(range(0, 1400, 20)), [0, 100], list(RUNTIMES.values())[:2], len(WORKLOADS))
    built = engine(grid, SWEEP)
    whole = built.evaluate(grid)
    times = np.zeros(grid.shape, dtype=int)
    for block in built.blocks(grid):
        times[block.where] += 1
        assert {name: values.dtype.type for name, values in block.columns.items()} == COLUMNS
        for name, values in block.columns.items():
            shaped = whole[name].reshape(grid.shape)[block.where]
            assert np.array_equal(values, shaped, equal_nan=True)
    assert (times == 1).all()


def test_ranges_outside_the_grid_are_refused() -> None:
    grid = product_grid([0], [0], list(RUNTIMES.values())[:1], 1)
    built = engine(grid, SWEEP)
    with pytest.raises(IndexError, match="outside the grid of 4"):
        next(built.blocks(grid, 0, 5))
    with pytest.raises(IndexError, match="outside the grid of 4"):
        built.evaluate(grid, 3, 2)


def peak_bytes(grid: Grid) -> int:
    """Most memory that walking through a grid's blocks takes."""
    built = engine(grid, sweep_tables(PLAIN))
    tracemalloc.start()
    try:
        for _ in built.blocks(grid):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_grid() -> None:
    runtimes = [RUNTIMES["llama-cpp", "CUDA"]]
    some = product_grid(list(range(400)), list(range(0, 220, 20)), runtimes, len(PLAIN))
    many = product_grid(list(range(1400)), list(range(0, 220, 4)), runtimes, len(PLAIN))
    assert len(many) > 15 * len(some)
    assert peak_bytes(many) < min(2.5 * peak_bytes(some), 100e6)
