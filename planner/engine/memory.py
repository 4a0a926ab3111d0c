"""The memory of plans at table rows: what need.py computes, gathered from the tables and judged against the limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.engine.buffers import BufferPlan
from planner.engine.gather import cache_plan, weights_scale
from planner.engine.grid import Axes
from planner.engine.kv import KV_RULES, CachePlan, CacheTable, layer_cells, padded_context
from planner.engine.limits import LimitTable, OverheadTable, Range, usable_bytes
from planner.engine.need import MemoryNeed, NeedPlan, memory_need
from planner.engine.runtime_buffers import GRAPH, SERVER, buffer_rule
from planner.engine.tables import Bools, Floats, Ints, Tables
from planner.engine.verdict import OFFLOAD, Verdict, judge

# Files weigh at most this much more than the format's rule says (95th percentile of published sizes,
# tests/engine/test_weights_published.py); a format without a closed rule may lie further off.
WEIGHTS_HIGH, APPROXIMATE_WEIGHTS_HIGH = 1.02, 1.10

# platform of hosts: what is left of main memory for weights that do not fit on the devices
HOST_PLATFORM = "linux_host"
# the class of processor that a backend runs on
_ON_HOST_PROCESSOR = ("CPU",)
# backends whose GPUs compute prompts with weights that lie on the host (buffers.py)
_BORROWING_BACKENDS = ("CUDA", "ROCm", "Vulkan", "SYCL")


@dataclass(frozen=True, slots=True)
class MemoryRules:
    """Limits and overheads bound to the rows of one set of tables."""

    limits: LimitTable
    overhead: Range  # per runtime row
    platform: Ints  # per machine row, index into the limits
    buffer_rule: Ints  # per runtime row
    on_cpu: Bools  # per runtime row
    borrows: Bools  # per runtime row
    is_ik: Bools  # per runtime row
    host_platform: int

    @classmethod
    def bind(cls, tables: Tables, limits: LimitTable, overheads: OverheadTable) -> MemoryRules:
        """Look up each machine's platform and each runtime's rules once."""
        backends = tables.runtimes.backend
        rules = [KV_RULES[rule] for rule in tables.runtimes.kv_rule]
        backend_rows = np.array(
            [_overhead_row(overheads, b, r) for b, r in zip(backends, rules, strict=True)]
        )
        return cls(
            limits=limits,
            overhead=overheads.take(backend_rows),
            platform=np.array([limits.index(p) for p in tables.machines.platform], dtype=np.int64),
            buffer_rule=np.array(
                [buffer_rule(r, b) for r, b in zip(rules, backends, strict=True)], dtype=np.int64
            ),
            on_cpu=np.array([b in _ON_HOST_PROCESSOR for b in backends], dtype=np.bool_),
            borrows=np.array([b in _BORROWING_BACKENDS for b in backends], dtype=np.bool_),
            is_ik=np.array([r == "ik_llama" for r in rules], dtype=np.bool_),
            host_platform=limits.index(HOST_PLATFORM),
        )


def _overhead_row(overheads: OverheadTable, backend: str, kv_rule: str) -> int:
    """Row of a backend's overhead; MLX has its own, and backends without a measurement take a process's."""
    key = "mlx" if kv_rule == "rotating" else backend.lower()
    known = overheads.backends
    return known.index(key) if key in known else known.index("cpu")


def plan_memory(tables: Tables, rules: MemoryRules, rows: Axes) -> dict[str, Floats]:
    """The memory columns of the plans at ``rows``."""
    need, verdict, limit, host_limit = assess(tables, rules, rows)
    return {
        "verdict": verdict.code.astype(np.float64),
        "weights_bytes": need.weights,
        "kv_bytes": need.cache,
        "buffers_bytes": need.buffers,
        "overhead_bytes": need.overhead,
        "need_bytes": need.needs.device,
        "need_high_bytes": need.needs.device_high,
        "limit_bytes": limit,
        "host_need_bytes": need.host + np.where(verdict.code == OFFLOAD, -verdict.spare_bytes, 0.0),
        "host_limit_bytes": host_limit,
        "runtime_memory_bytes": need.logged,
    }


def assess(tables: Tables, rules: MemoryRules, rows: Axes) -> tuple[MemoryNeed, Verdict, Floats, Floats]:
    """Needs, verdicts, and the limits of devices and host, each [n_plans]."""
    models = tables.models
    cache_rows = models.cache.take(rows.model)
    cache = cache_plan(tables, rows)
    plan = _need_plan(tables, rules, rows)
    need = memory_need(
        cache_rows,
        models.buffers.take(rows.model),
        plan,
        cache,
        _buffer_plan(tables, rules, rows, plan, cache, cache_rows),
    )
    unknown = ~np.isfinite(models.n_layers[rows.model])
    need = need._replace(needs=need.needs._replace(device=np.where(unknown, np.nan, need.needs.device)))
    limit = _limit(tables, rules, rows)
    host_limit = _host_limit(tables, rules, rows)
    return need, judge(need.needs, limit, host_limit), limit, host_limit


def _limit(tables: Tables, rules: MemoryRules, rows: Axes) -> Floats:
    machines, work = tables.machines, tables.workloads
    count = machines.device_count[rows.machine].astype(np.float64)
    memory = machines.memory_bytes[rows.machine]
    usable = usable_bytes(rules.limits, rules.platform[rows.machine], memory, count).central
    share = work.utilization[rows.workload]
    served = np.minimum(usable, memory * count * share)
    is_server = (rules.buffer_rule[rows.runtime] == SERVER) & np.isfinite(share)
    return np.asarray(np.where(is_server, served, usable) - work.held_bytes[rows.workload])


def _host_limit(tables: Tables, rules: MemoryRules, rows: Axes) -> Floats:
    memory = tables.machines.host_memory_bytes[rows.machine]
    platform = np.full(memory.shape, rules.host_platform)
    usable = usable_bytes(rules.limits, platform, memory, np.ones_like(memory)).central
    graph = rules.buffer_rule[rows.runtime] == GRAPH
    return np.asarray(
        np.where(graph & (memory > 0) & ~rules.on_cpu[rows.runtime], np.maximum(usable, 0.0), 0.0)
    )


def _need_plan(tables: Tables, rules: MemoryRules, rows: Axes) -> NeedPlan:
    scale = weights_scale(tables, rows)
    weights = tables.weights.total_bytes[rows.model, rows.format] * scale
    stated = np.isfinite(tables.workloads.weights_bytes[rows.workload])
    approximate = tables.formats.approximate[rows.format]
    above = np.where(approximate, APPROXIMATE_WEIGHTS_HIGH, WEIGHTS_HIGH)
    separate = ~tables.machines.unified_memory[rows.machine] & ~rules.on_cpu[rows.runtime]
    return NeedPlan(
        weights_bytes=weights,
        weights_high_bytes=np.where(stated, weights, weights * above),
        embedding_bytes=tables.weights.embedding_bytes[rows.model, rows.format] * scale,
        tied=tables.models.tied[rows.model],
        n_layers=tables.models.n_layers[rows.model],
        n_devices=tables.machines.device_count[rows.machine].astype(np.float64),
        tensor_parallel=rules.buffer_rule[rows.runtime] == SERVER,
        separate_host=separate,
        can_offload=separate & (rules.buffer_rule[rows.runtime] == GRAPH),
        buffer_rule=rules.buffer_rule[rows.runtime],
        overhead=Range(*(values[rows.runtime] for values in rules.overhead)),
    )


def _buffer_plan(
    tables: Tables, rules: MemoryRules, rows: Axes, plan: NeedPlan, cache: CachePlan, cache_rows: CacheTable
) -> BufferPlan:
    work = tables.workloads
    cells = padded_context(cache)
    windows = np.where(cache_rows.window_tokens > 0, layer_cells(cache_rows, cache), np.inf).min(axis=1)
    batch = np.minimum(cache.batch_tokens, cells)
    n_gpus = np.where(rules.on_cpu[rows.runtime], 0.0, plan.n_devices)
    experts_on_host = work.experts_on_host[rows.workload] & (n_gpus > 0)
    layers_on_host = work.layers_on_host[rows.workload] & (n_gpus > 0)
    # all runtimes with this rule turn flash attention on where the backend has it ("auto")
    asked = work.flash_attention[rows.workload]
    return BufferPlan(
        cells=cells,
        window_cells=np.minimum(windows, cells),
        batch_tokens=batch,
        logit_tokens=np.where(work.all_logits[rows.workload], batch, cache.n_sequences),
        n_sequences=cache.n_sequences,
        flash_attention=asked != 0,
        mla_mode=cache.mla_mode,
        key_bytes=cache.key_bytes,
        n_gpus=n_gpus,
        experts_on_host=experts_on_host,
        layers_on_host=layers_on_host,
        pipelined=(n_gpus > 1) & ~experts_on_host & ~layers_on_host,
        borrows=rules.borrows[rows.runtime],
        weight_bits=np.nan_to_num(plan.weights_bytes * 8.0 / tables.models.n_parameters[rows.model]),
        wide_mask=work.wide_mask[rows.workload],
        ik=rules.is_ik[rows.runtime],
        chunk_bytes=np.zeros(len(rows.machine)),
        latent_mode=work.latent_mode[rows.workload],
    )
