"""Resolved cases as engine tables: one machine and one workload per case, everything else from the catalog."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hardware_catalog.rows import CatalogRows
from hardware_catalog.tables import CatalogTables, MachineSpec, machine_table
from planner.calibration.case_fields import DEFAULT_PROMPT_TOKENS
from planner.calibration.cases import Case
from planner.engine.grid import Axes, Grid
from planner.engine.tables import KvFormatTable, Tables, WorkloadTable

# metrics whose stated depth lies before the prompt
READS_PROMPT = frozenset({"prefill_tps", "ttft_ms"})


def depth_of(case: Case) -> int:
    """Tokens in the cache while decoding: as stated, else the prompt and half the output (the mean over the run)."""
    if case.depth_tokens is not None:
        return case.depth_tokens
    return case.prompt_tokens + case.output_tokens // 2


def _context(case: Case) -> int:
    """Allocated context per sequence: as stated (a total over the sequences), else what the case fills."""
    if case.context_tokens:
        return max(case.context_tokens // case.concurrency, 1)
    before = case.depth_tokens or 0 if case.metric in READS_PROMPT else 0
    return max(depth_of(case), before + case.prompt_tokens) + case.output_tokens + 1


def _workloads(cases: Sequence[Case]) -> WorkloadTable:
    def whole(values: Sequence[int]) -> np.ndarray:
        return np.array(values, dtype=np.int64)

    reads_prompt = [case.metric in READS_PROMPT for case in cases]
    return WorkloadTable(
        context_tokens=whole([_context(c) for c in cases]),
        depth_tokens=whole([depth_of(c) for c in cases]),
        prompt_tokens=whole([c.prompt_tokens or DEFAULT_PROMPT_TOKENS for c in cases]),
        prompt_depth_tokens=whole(
            [(c.depth_tokens or 0) if p else 0 for c, p in zip(cases, reads_prompt, strict=True)]
        ),
        output_tokens=whole([c.output_tokens for c in cases]),
        concurrency=whole([c.concurrency for c in cases]),
        batch_tokens=whole([c.batch_tokens for c in cases]),
        flash_attention=whole([c.flash_attention for c in cases]),
        mla_mode=whole([c.mla_mode for c in cases]),
        wide_mask=np.array([c.build.wide_mask for c in cases], dtype=np.bool_),
        all_logits=np.array([c.build.all_logits for c in cases], dtype=np.bool_),
        latent_mode=whole([c.build.latent_mode for c in cases]),
        experts_on_host=np.array([c.experts_on_host for c in cases], dtype=np.bool_),
        layers_on_host=np.array([c.layers_on_host for c in cases], dtype=np.bool_),
        tensor_ranks=whole([c.tensor_ranks for c in cases]),
        utilization=np.array([c.utilization for c in cases], dtype=np.float64),
        held_bytes=np.zeros(len(cases)),
        weights_bytes=np.array([c.weights_bytes for c in cases], dtype=np.float64),
        bits_per_weight=np.array([c.bits_per_weight for c in cases], dtype=np.float64),
    )


def _kv_pairs(rows: CatalogRows, cases: Sequence[Case]) -> tuple[KvFormatTable, dict[tuple[str, str], int]]:
    """The pairs of key and value formats that the cases use."""
    bits = {f.slug: f.bits_per_element for f in rows.kv_formats}
    pairs = sorted({(c.kv_key, c.kv_value) for c in cases})
    table = KvFormatTable(
        slug=tuple(f"{key}/{value}" for key, value in pairs),
        key_bits=np.array([bits[key] for key, _ in pairs]),
        value_bits=np.array([bits[value] for _, value in pairs]),
    )
    return table, {pair: i for i, pair in enumerate(pairs)}


def case_tables(rows: CatalogRows, catalog: CatalogTables, cases: Sequence[Case]) -> tuple[Tables, Grid]:
    """Tables and the list grid whose plan i is case i."""
    kv_formats, kv_row = _kv_pairs(rows, cases)
    machine_row: dict[MachineSpec, int] = {}
    for case in cases:
        machine_row.setdefault(case.machine, len(machine_row))
    tables = Tables(
        machines=machine_table(list(machine_row)),
        models=catalog.models,
        formats=catalog.formats,
        kv_formats=kv_formats,
        runtimes=catalog.runtimes,
        workloads=_workloads(cases),
        weights=catalog.weights,
    )

    def index(values: Sequence[int]) -> np.ndarray:
        return np.array(values, dtype=np.int64)

    axes = Axes(
        machine=index([machine_row[c.machine] for c in cases]),
        model=index([catalog.model_row[c.model] for c in cases]),
        format=index([catalog.format_row[c.format] for c in cases]),
        kv_format=index([kv_row[c.kv_key, c.kv_value] for c in cases]),
        runtime=index([catalog.runtime_row[c.runtime, c.backend] for c in cases]),
        workload=np.arange(len(cases), dtype=np.int64),
    )
    return tables, Grid(axes, product=False)
