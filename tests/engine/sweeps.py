"""Sweeps over real machines for tests: presets with their hosts, on runtimes of every kind."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np

from hardware_catalog.rows import MachineRow
from hardware_catalog.tables import MachineSpec, machine_table, memory_limits, preset_spec
from planner.calibration.files import shipped_calibration
from planner.engine.evaluate import Engine
from planner.engine.grid import Axes, Grid
from planner.engine.kv import MLA_FULL, MLA_LATENT
from planner.engine.memory import MemoryRules
from planner.engine.tables import Tables, WorkloadTable
from tests.engine.catalog import rows, tables

ONE: dict[str, object] = {
    "context_tokens": 4096,
    "depth_tokens": 4096,
    "prompt_tokens": 512,
    "prompt_depth_tokens": 0,
    "output_tokens": 128,
    "concurrency": 1,
    "batch_tokens": 0,
    "flash_attention": -1,
    "mla_mode": MLA_LATENT,
    "wide_mask": False,
    "all_logits": False,
    "latent_mode": 2,
    "experts_on_host": False,
    "layers_on_host": False,
    "tensor_ranks": 0,
    "utilization": np.nan,
    "held_bytes": 0.0,
    "weights_bytes": np.nan,
    "bits_per_weight": np.nan,
}
# workloads that take every turn of the formulas
WORKLOADS: tuple[dict[str, object], ...] = (
    {},
    {"context_tokens": 32_768, "depth_tokens": 32_768, "concurrency": 4},
    {"context_tokens": 1024, "prompt_tokens": 7, "wide_mask": True, "all_logits": True, "flash_attention": 0},
    {"experts_on_host": True, "held_bytes": 1e9, "tensor_ranks": 2, "utilization": 0.9},
    {"layers_on_host": True, "bits_per_weight": 4.5, "mla_mode": MLA_FULL, "latent_mode": 1},
    {"weights_bytes": 5e9, "batch_tokens": 64, "concurrency": 2, "prompt_depth_tokens": 100},
)
PLAIN = WORKLOADS[:2]


def workload_table(workloads: tuple[dict[str, object], ...]) -> WorkloadTable:
    """Workloads given by what differs from ``ONE``."""
    return WorkloadTable(
        **{f.name: np.array([(ONE | each)[f.name] for each in workloads]) for f in fields(WorkloadTable)}
    )


def spec(preset: MachineRow) -> MachineSpec:
    """The preset as it is sold."""
    return preset_spec(preset, {device.slug: device for device in rows().devices})


@cache
def machines() -> tuple[MachineSpec, ...]:
    """Every preset."""
    return tuple(spec(preset) for preset in rows().machines)


def sweep_tables(workloads: tuple[dict[str, object], ...]) -> Tables:
    """All presets and the whole catalog."""
    catalog = tables()
    return Tables(
        machine_table(machines()),
        catalog.models,
        catalog.formats,
        catalog.kv_formats,
        catalog.runtimes,
        workload_table(workloads),
        catalog.weights,
    )


def engine(grid: Grid, sweep: Tables) -> Engine:
    """The engine bound to a grid, with the shipped calibration."""
    return Engine.build(sweep, MemoryRules.bind(sweep, *memory_limits()), shipped_calibration(), grid)


def product_grid(machine: list[int], model: list[int], runtime: list[int], n_workloads: int) -> Grid:
    """Machines x models x two formats x two cache formats x runtimes x workloads."""
    catalog = tables()
    return Grid(
        Axes(
            np.array(machine),
            np.array(model),
            np.array([catalog.format_row[slug] for slug in ("q8-0", "iq4-xs")]),
            np.array([catalog.kv_format_row[slug] for slug in ("f16", "q8_0")]),
            np.array(runtime),
            np.arange(n_workloads),
        )
    )
