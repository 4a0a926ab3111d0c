"""The committed grid of the engine's benchmark: grid.json turned into tables and product grids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hardware_catalog.rows import CatalogRows, RuntimeRow
from hardware_catalog.support import runs_on, takes
from hardware_catalog.tables import (
    CatalogTables,
    MachineSpec,
    device_platform,
    machine_table,
    memory_limits,
    preset_spec,
)
from planner.engine.grid import Axes, Grid
from planner.engine.kv import MLA_LATENT
from planner.engine.memory import MemoryRules
from planner.engine.tables import Tables, WorkloadTable
from planner.engine.units import GIB

GRID = Path(__file__).parent / "grid.json"
UNKNOWN = float("nan")


class Machine(NamedTuple):
    """A machine to plan for, with the system that decides which runtimes run on it ("": any)."""

    spec: MachineSpec
    operating_system: str


class Sweep(NamedTuple):
    """Tables, and the product grids to evaluate over them."""

    tables: Tables
    rules: MemoryRules
    grids: tuple[Grid, ...]

    @property
    def n_plans(self) -> int:
        return sum(len(grid) for grid in self.grids)


def read_grid(path: Path = GRID) -> dict[str, Any]:
    """The grid's description."""
    description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return description


def sweep(description: Mapping[str, Any], rows: CatalogRows, catalog: CatalogTables) -> Sweep:
    """The tables and grids that a description means; KeyError for a name that the catalog lacks."""
    machines = tuple(catalog_machines(rows))
    work = workloads(description)
    tables = Tables(
        machines=machine_table([machine.spec for machine in machines]),
        models=catalog.models,
        formats=catalog.formats,
        kv_formats=catalog.kv_formats,
        runtimes=catalog.runtimes,
        workloads=work,
        weights=catalog.weights,
    )
    known = [i for i, architecture in enumerate(catalog.models.architecture) if architecture is not None]
    runtimes = {runtime.slug: runtime for runtime in rows.runtimes}
    formats = {weight_format.slug: weight_format for weight_format in rows.formats}
    grids = []
    for part in description["slices"]:
        runtime, backend = runtimes[part["runtime"]], part["backend"]
        wrong = [
            slug
            for slug in part["formats"]
            if not any(takes(rule, formats[slug]) for rule in _rules(runtime, backend))
        ]
        if wrong:
            raise ValueError(f"{runtime.slug} on {backend} does not run {', '.join(wrong)}")
        grids.append(
            Grid(
                Axes(
                    machine=np.array(_machines_of(runtime, backend, machines), dtype=np.int64),
                    model=np.array(known, dtype=np.int64),
                    format=np.array([catalog.format_row[slug] for slug in part["formats"]]),
                    kv_format=np.array([catalog.kv_format_row[slug] for slug in description["kv_formats"]]),
                    runtime=np.array([catalog.runtime_row[runtime.slug, backend]]),
                    workload=np.arange(len(work)),
                )
            )
        )
    return Sweep(tables, MemoryRules.bind(tables, *memory_limits()), tuple(grids))


def catalog_machines(rows: CatalogRows) -> Iterator[Machine]:
    """Every preset as it is sold, and every device with each memory that it is sold with."""
    devices = {device.slug: device for device in rows.devices}
    for preset in rows.machines:
        yield Machine(preset_spec(preset, devices), preset.operating_system)
    for device in rows.devices:
        for memory_gb in device.memory_options_gb:
            spec = MachineSpec(device.slug, device, 1, memory_gb * GIB, device_platform(device))
            yield Machine(spec, "")


def _rules(runtime: RuntimeRow, backend: str) -> list[Mapping[str, Any]]:
    return [rule for rule in runtime.supports if rule["backend"] == backend]


def _machines_of(runtime: RuntimeRow, backend: str, machines: Sequence[Machine]) -> list[int]:
    """Rows of the machines on which the runtime runs."""
    return [
        row
        for row, (spec, system) in enumerate(machines)
        if any(runs_on(rule, spec.device, system) for rule in _rules(runtime, backend))
    ]


def workloads(description: Mapping[str, Any]) -> WorkloadTable:
    """Every context with every concurrency."""
    pairs = list(product(description["contexts_tokens"], description["concurrency"]))
    n = len(pairs)

    def whole(value: int) -> np.ndarray:
        return np.full(n, value, dtype=np.int64)

    context = np.array([context for context, _ in pairs], dtype=np.int64)
    no = np.zeros(n, dtype=np.bool_)
    return WorkloadTable(
        context_tokens=context,
        depth_tokens=context,
        prompt_tokens=np.minimum(context, description["prompt_tokens"]),
        prompt_depth_tokens=whole(0),
        output_tokens=whole(description["output_tokens"]),
        concurrency=np.array([users for _, users in pairs], dtype=np.int64),
        batch_tokens=whole(0),
        flash_attention=whole(-1),
        mla_mode=whole(MLA_LATENT),
        wide_mask=no,
        all_logits=no,
        latent_mode=whole(0),
        experts_on_host=no,
        layers_on_host=no,
        tensor_ranks=whole(0),
        utilization=np.full(n, UNKNOWN),
        held_bytes=np.zeros(n),
        weights_bytes=np.full(n, UNKNOWN),
        bits_per_weight=np.full(n, UNKNOWN),
    )
