"""A sweep's plans are numbered without a gap, each once, and what cannot be is counted by its reason."""

from __future__ import annotations

import dataclasses
import math
import random
from itertools import pairwise

import numpy as np
import pytest

from planner.engine.verdict import OFFLOAD
from planner.snapshot import current
from planner.sweeps.definition import MOST_NUMBERS, Definition, DefinitionError, Selection
from planner.sweeps.grid import slices
from planner.sweeps.grid.sweep_grid import MOST_PLANS, SweepGrid
from planner.sweeps.rows import DTYPES, STORED

pytestmark = pytest.mark.django_db
ALL = Selection(all=True)
PLACES = ("machine", "model", "format", "kv_format", "runtime", "context_tokens", "concurrency")
# models that were made for contexts of several lengths and published in several formats
MIXED = Definition(
    machines=Selection(where={"vendor": "Apple", "year": "2024"}),
    devices=Selection(slugs=("nvidia-geforce-rtx-4090", "amd-epyc-7002-rome-1-socket")),
    counts=(1, 2),
    models=Selection(slugs=("phi-2", "llama-3-1-8b", "gpt-oss-20b", "deepseek-r1")),
    runtimes=Selection(slugs=("llama-cpp", "llama-cpp/Metal", "mlx-lm", "vllm", "ollama")),
    kv_formats=("f16", "q4_0"),
    contexts_tokens=(1024, 4096, 65_536),
    concurrency=(2, 1),
    prompt_tokens=2000,
)


def grid_of(**changes: object) -> SweepGrid:
    return SweepGrid.build(dataclasses.replace(MIXED, **changes), current())


def test_rows_have_the_declared_columns_and_whole_numbers_in_order() -> None:
    grid = grid_of()
    rows = grid.rows(0, grid.n_plans)
    assert {name: values.dtype for name, values in rows.items()} == {
        column.name: np.dtype(DTYPES[column.sql_type]) for column in STORED
    }
    assert rows["plan"].tolist() == list(range(grid.n_plans))
    for column in STORED:
        if column.entries:
            assert rows[column.name].max() < len(getattr(grid.entries, column.entries))


def test_every_plan_is_there_once() -> None:
    grid = grid_of()
    rows = grid.rows(0, grid.n_plans)
    named = set(zip(*(rows[name].tolist() for name in PLACES), strict=True))
    assert len(named) == grid.n_plans > 10_000


@pytest.mark.parametrize("sizes", [(16_384, 2**18), (50, 1000), (1, 1)])
def test_any_range_is_cut_out_of_the_whole(sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the slices are in which the plans are computed."""
    monkeypatch.setattr(slices, "MACHINE_PLANS", sizes[0])
    monkeypatch.setattr(slices, "SLICE_PLANS", sizes[1])
    grid = grid_of(counts=(1,), kv_formats=("f16",))
    whole = grid.rows(0, grid.n_plans)
    named = set(zip(*(whole[name].tolist() for name in PLACES), strict=True))
    assert len(named) == grid.n_plans
    chance = random.Random(3)
    ends = sorted(chance.sample(range(grid.n_plans), 5))
    for start, stop in pairwise(ends):
        part = grid.rows(start, stop)
        for name, values in whole.items():
            np.testing.assert_array_equal(part[name], values[start:stop], strict=True)


def test_the_size_of_slices_changes_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_place() -> dict[tuple[int, ...], tuple[float, ...]]:
        grid = grid_of(counts=(1,))
        rows = grid.rows(0, grid.n_plans)
        figures = [name for name in rows if name not in ("plan", *PLACES)]
        keys = zip(*(rows[name].tolist() for name in PLACES), strict=True)
        values = zip(*(np.nan_to_num(rows[name], nan=-1).tolist() for name in figures), strict=True)
        return dict(zip(keys, values, strict=True))

    before = by_place()
    monkeypatch.setattr(slices, "MACHINE_PLANS", 30)
    monkeypatch.setattr(slices, "SLICE_PLANS", 500)
    assert by_place() == before


def test_the_same_definition_is_the_same_grid() -> None:
    one, other = grid_of(), grid_of(models=dataclasses.replace(MIXED.models))
    assert one.entries == other.entries
    assert one.pruned == other.pruned
    for name, values in one.rows(1000, 3000).items():
        np.testing.assert_array_equal(values, other.rows(1000, 3000)[name])


def test_possible_and_impossible_make_the_product() -> None:
    grid = grid_of()
    reasons = dict(grid.pruned)
    axes = grid.entries
    machines = len(axes.machines) + 2  # and two counts of a device whose memory no source states
    formats = len(axes.formats)
    product = machines * 4 * formats * 5 * 2 * 3 * 2
    assert grid.n_plans + sum(reasons.values()) == product == grid.n_combinations
    assert reasons["no source states the memory of the device"] == product * 2 // machines
    # a prompt of 2,000 tokens does not fit in the shortest of three contexts
    left = grid.n_plans + reasons["the context is longer than the model was made for"]
    assert reasons["the prompt does not fit in the context"] * 2 == left
    for reason in (
        "the program does not run on the machine",
        "the program does not run the format on the machine",
        "the same program on the same backend is chosen twice",
        "the format exists only for models published in it",
    ):
        assert reasons[reason] > 0


def test_a_model_without_architecture_is_counted() -> None:
    grid = SweepGrid.build(Definition(machines=MIXED.machines, models=ALL), current())
    n_models = len(grid.entries.models)
    n_unknown = len(current().rows.models) - n_models
    assert n_unknown == 1
    reasons = dict(grid.pruned)
    assert reasons["the architecture of the model is not published"] * (n_models + 1) == grid.n_combinations


def test_formats_of_few_models_are_only_asked_of_others_by_name() -> None:
    def formats_of(formats: Selection) -> set[tuple[str, str]]:
        grid = grid_of(formats=formats, runtimes="usual", contexts_tokens=(2048,))
        rows, names = grid.rows(0, grid.n_plans), grid.entries
        pairs = zip(rows["model"].tolist(), rows["format"].tolist(), strict=True)
        return {(names.models[model].slug, names.formats[fmt].slug) for model, fmt in pairs}

    assert ("llama-3-1-8b", "mxfp4-moe") in formats_of(Selection(slugs=("mxfp4-moe",)))
    for formats in (ALL, Selection(where={"bits_most": "5"})):
        found = formats_of(formats)
        assert {model for model, fmt in found if fmt == "mxfp4-moe"} == {"gpt-oss-20b"}
        assert ("llama-3-1-8b", "q4-k-m") in found


def test_speeds_are_of_plans_that_run() -> None:
    grid = grid_of()
    rows = grid.rows(0, grid.n_plans)
    runs = rows["verdict"] <= OFFLOAD
    assert 0 < runs.sum() < len(runs)
    for name in ("decode_tps", "decode_tps_low", "prefill_tps", "ttft_ms_high"):
        assert np.isnan(rows[name][~runs]).all()
    assert np.isfinite(rows["decode_tps"][rows["verdict"] == 0]).all()
    assert np.isfinite(rows["need_bytes"]).all()


def test_verdicts_of_single_plans_are_those_of_the_rows() -> None:
    runtimes = Selection(slugs=("llama-cpp", "ik-llama-cpp", "ollama", "vllm"))
    grid = grid_of(
        machines=Selection(slugs=("workstation-with-3-x-rtx-3090-24-gb-128-gb-memory",)),
        models=ALL,
        formats=Selection(slugs=("q3-k-m", "q4-k-m", "q8-0", "iq4-xs", "fp8")),
        runtimes=runtimes,
    )
    plans = np.arange(0, grid.n_plans, 2)
    whole = grid.rows(0, grid.n_plans)["verdict"]
    assert len(np.unique(whole)) >= 3
    np.testing.assert_array_equal(grid.verdicts(plans), whole[plans])


def test_a_range_outside_is_refused_and_a_tick_can_stop() -> None:
    grid = grid_of()
    for start, stop in ((-1, 1), (0, grid.n_plans + 1), (2, 1)):
        with pytest.raises(IndexError, match="outside the sweep"):
            grid.rows(start, stop)
    assert len(grid.rows(5, 5)["plan"]) == 0
    ticks: list[None] = []
    grid.rows(0, grid.n_plans, lambda: ticks.append(None))
    assert len(ticks) > 3

    def stop_now() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        grid.rows(0, grid.n_plans, stop_now)


def test_counting_everything_is_quick_and_far_too_much_is_refused() -> None:
    numbers = tuple(range(1000, 33_000, 500))
    everything = Definition(
        machines=ALL,
        devices=ALL,
        models=ALL,
        formats=ALL,
        kv_formats=("f16", "q8_0"),
        runtimes=ALL,
        contexts_tokens=numbers,
        concurrency=numbers,
    )
    with pytest.raises(DefinitionError) as refused:
        SweepGrid.build(everything, current())
    (text,) = refused.value.errors[""]
    assert f"at most {MOST_PLANS:,}" in text
    rows = current().rows
    n_machines = len(rows.machines) + sum(len(device.memory_options_gb) for device in rows.devices)
    assert f"{n_machines:,} machines, {len(rows.models) - 1} models, {len(rows.formats)} formats" in text
    assert len(numbers) == MOST_NUMBERS


def test_a_large_sweep_is_numbered_to_its_end() -> None:
    """Plans far apart are found without making those between."""
    grid = SweepGrid.build(
        Definition(
            machines=ALL,
            devices=ALL,
            counts=(1, 2, 4),
            models=ALL,
            formats=ALL,
            runtimes=ALL,
            contexts_tokens=tuple(2**k for k in range(10, 20)),
            concurrency=(1, 2, 4, 8),
        ),
        current(),
    )
    assert grid.n_plans > 10**9
    chance = random.Random(5)
    for plan in (0, grid.n_plans - 1, *(chance.randrange(grid.n_plans) for _ in range(20))):
        question, rows = grid.question(plan), grid.rows(plan, plan + 1)
        assert question is not None
        assert rows["context_tokens"][0] == question.context_tokens
        assert grid.entries.models[rows["model"][0]].slug == question.model
    assert math.isfinite(rows["need_bytes"][0])
