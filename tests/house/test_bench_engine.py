"""The engine's benchmark runs, and its grid is what it says: real machines, whole plans, five million at least."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import engine
from bench.grid import Sweep, catalog_machines, read_grid, sweep
from planner.calibration.files import shipped_calibration
from tests.engine.catalog import rows, tables

# what goes into a small grid's place
FEW: dict[str, Any] = read_grid() | {
    "slices": [{"runtime": "mlx-lm", "backend": "Metal", "formats": ["mlx-4bit"]}],
    "contexts_tokens": [4096],
    "concurrency": [1],
}


def committed() -> Sweep:
    return sweep(read_grid(), rows(), tables())


def test_the_grid_has_five_million_plans_or_more() -> None:
    assert committed().n_plans >= 5_000_000


def test_the_grid_holds_every_model_with_a_published_architecture() -> None:
    published = [model.slug for model in rows().models if model.formula is not None]
    for grid in committed().grids:
        assert [tables().models.slug[i] for i in grid.axes.model] == published


def test_every_preset_and_every_memory_of_a_device_is_a_machine() -> None:
    names = [machine.spec.slug for machine in catalog_machines(rows())]
    assert set(names) >= {preset.slug for preset in rows().machines}
    sold = {device.slug: len(device.memory_options_gb) for device in rows().devices}
    assert sum(name in sold for name in names) >= sum(sold.values())


def test_a_slice_holds_the_machines_that_its_runtime_runs_on() -> None:
    work = committed()
    vendors = {}
    for part, grid in zip(read_grid()["slices"], work.grids, strict=True):
        vendors[part["runtime"], part["backend"]] = {
            work.tables.machines.vendor[i] for i in grid.axes.machine
        }
    assert vendors["llama-cpp", "CUDA"] == vendors["vllm", "CUDA"] == {"NVIDIA"}
    assert vendors["llama-cpp", "Metal"] == vendors["mlx-lm", "Metal"] == {"Apple"}
    assert vendors["llama-cpp", "Vulkan"] > {"NVIDIA", "AMD", "Intel"}
    assert "Apple" not in vendors["llama-cpp", "Vulkan"]


def test_a_format_that_the_runtime_does_not_run_is_refused() -> None:
    wrong = FEW | {"slices": [{"runtime": "mlx-lm", "backend": "Metal", "formats": ["q4-k-m"]}]}
    with pytest.raises(ValueError, match="mlx-lm on Metal does not run q4-k-m"):
        sweep(wrong, rows(), tables())


def test_the_consumer_keeps_the_fastest_plan_that_fits() -> None:
    work = sweep(FEW, rows(), tables())
    tally = engine.Tally()
    engine.evaluate(work, shipped_calibration(), work.grids[0], engine.keys_of(work.tables), tally)
    assert sum(tally.counts) == work.n_plans
    columns = engine.Engine.build(work.tables, work.rules, shipped_calibration(), work.grids[0]).evaluate(
        work.grids[0]
    )
    fits = columns["decode_tps"][columns["verdict"] == engine.FITS]
    assert tally.counts[engine.FITS] == len(fits)
    assert tally.fastest_tps == max(fits)
    assert columns["decode_tps"].reshape(work.grids[0].shape)[tally.fastest] == max(fits)


def test_the_engines_figures_are_named(tmp_path: Path) -> None:
    path = tmp_path / "grid.json"
    path.write_text(json.dumps(FEW), encoding="utf-8")
    figures = engine.measure_engine(path)
    parts = ("memory", "speed", "intervals", "gather", "rest")
    assert set(figures) == {
        "engine_plans",
        "engine_plans_per_s",
        "engine_time_over_copy",
        "engine_peak_memory_over_interpreter_bytes",
        *(f"engine_share_of_{part}" for part in parts),
    }
    assert figures["engine_plans"] == sweep(FEW, rows(), tables()).n_plans
    assert sum(figures[f"engine_share_of_{part}"] for part in parts) == pytest.approx(1.0)
    assert all(value > 0 for value in figures.values())
