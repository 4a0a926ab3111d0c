"""From table rows to the arrays that the formulas take: shared by plans, sweeps and calibration.

``rows`` may be arrays of one length (a list of plans) or arrays that broadcast together (a box of a grid): every
figure then has a shape that broadcasts to the box, with length 1 along the axes that it does not depend on.
"""

from __future__ import annotations

import numpy as np

from planner.engine.attention import prefill_attention_flops
from planner.engine.grid import Axes
from planner.engine.kv import KV_RULES, SERVER_RULES, CachePlan, cache_read_bytes
from planner.engine.levels import FP4_FAMILY, FP8_FAMILY, MIXED_FAMILY, NO_PUBLISHED_PEAK
from planner.engine.links import all_reduce_seconds
from planner.engine.speed import SpeedInputs
from planner.engine.tables import Bools, Floats, ModelShapes, Tables

BITS_PER_BYTE = 8.0


def batch_tokens(tables: Tables, rows: Axes) -> Floats:
    """Prompt tokens read at a time: the workload's, else the runtime's default."""
    asked = tables.workloads.batch_tokens[rows.workload]
    chosen: Floats = np.where(asked > 0, asked, tables.runtimes.batch_tokens[rows.runtime]).astype(np.float64)
    return chosen


# runtimes with these cache rules split every layer over their devices; the others place whole layers
_SERVER_RULES = tuple(KV_RULES.index(rule) for rule in SERVER_RULES)


def tensor_ranks(tables: Tables, rows: Axes) -> Floats:
    """Devices that read weights and cache together: a split by layers adds memory, not speed."""
    count = tables.machines.device_count[rows.machine].astype(np.float64)
    by_rule = np.where(serves(tables, rows), count, 1.0)
    asked = tables.workloads.tensor_ranks[rows.workload]
    if not asked.any():
        return by_rule  # does not vary with the workload
    return np.asarray(np.where(asked > 0, asked, by_rule))


def serves(tables: Tables, rows: Axes) -> Bools:
    """Whether the runtime is a server's: it batches continuously, and its kernels run on matrix units."""
    rule = tables.runtimes.kv_rule[rows.runtime]
    return np.asarray((rule == _SERVER_RULES[0]) | (rule == _SERVER_RULES[1]))


def is_served(tables: Tables, rows: Axes) -> Floats:
    """1 where several sequences or several devices are at work, whatever the runtime; else 0."""
    several = tables.workloads.concurrency[rows.workload] > 1
    return np.asarray(several | (tables.machines.device_count[rows.machine] > 1), dtype=np.float64)


def cache_plan(tables: Tables, rows: Axes) -> CachePlan:
    """What the plans keep in their KV cache."""
    work = tables.workloads
    sequences = work.concurrency[rows.workload].astype(np.float64)
    return CachePlan(
        context_tokens=work.context_tokens[rows.workload] * sequences,
        n_sequences=sequences,
        batch_tokens=batch_tokens(tables, rows),
        key_bytes=tables.kv_formats.key_bits[rows.kv_format] / BITS_PER_BYTE,
        value_bytes=tables.kv_formats.value_bits[rows.kv_format] / BITS_PER_BYTE,
        rule=tables.runtimes.kv_rule[rows.runtime],
        mla_mode=work.mla_mode[rows.workload],
    )


def weights_scale(tables: Tables, rows: Axes) -> Floats:
    """Factor on the weights by rule where the workload states the file's size or its bits per weight; else 1."""
    stated = tables.workloads.weights_bytes[rows.workload]
    bits = tables.workloads.bits_per_weight[rows.workload]
    if np.isnan(stated).all() and np.isnan(bits).all():
        return np.ones((1,) * stated.ndim)  # by rule everywhere: weights do not vary with the workload
    from_bits = tables.models.n_parameters[rows.model] * bits / BITS_PER_BYTE
    wanted = np.where(np.isfinite(stated), stated, from_bits)
    by_rule = tables.weights.total_bytes[rows.model, rows.format]
    return np.where(np.isfinite(wanted), wanted / by_rule, 1.0)


def peak_flops_per_s(tables: Tables, rows: Axes) -> Floats:
    """Compute of one device on levels.peak_basis: FP32, else dense FP16, else 1 FLOP per byte/s."""
    machines = tables.machines
    basis = np.where(
        np.isfinite(machines.fp32_flops_per_s), machines.fp32_flops_per_s, machines.fp16_flops_per_s
    )
    basis = np.where(np.isfinite(basis), basis, machines.bandwidth_bytes_per_s)
    unpublished = np.array([backend in NO_PUBLISHED_PEAK for backend in tables.runtimes.backend])
    found = np.where(
        unpublished[rows.runtime], machines.bandwidth_bytes_per_s[rows.machine], basis[rows.machine]
    )
    server = serves(tables, rows)
    if not server.any():
        return found
    return np.where(server & ~unpublished[rows.runtime], _tensor_flops_per_s(tables, rows), found)


def _tensor_flops_per_s(tables: Tables, rows: Axes) -> Floats:
    """Compute of the matrix units in the format's own numbers; in 16 bits where the device has no units for those."""
    machines = tables.machines
    half = machines.fp16_flops_per_s[rows.machine]
    half = np.where(np.isfinite(half), half, machines.fp32_flops_per_s[rows.machine])
    half = np.where(np.isfinite(half), half, machines.bandwidth_bytes_per_s[rows.machine])
    eight, four = machines.fp8_flops_per_s[rows.machine], machines.fp4_flops_per_s[rows.machine]
    family = np.array(tables.formats.speed_family)[rows.format]
    has_eight, has_four = np.isfinite(eight), np.isfinite(four)
    in_eight = (family == FP8_FAMILY) | ((family == MIXED_FAMILY) & has_four)
    found = np.where(in_eight & has_eight, eight, half)
    return np.where((family == FP4_FAMILY) & has_four, four, found)


def _read_beside(tables: Tables, rows: Axes, prompt: Floats, batch: Floats) -> Floats:
    """Prompt tokens of other sequences that a server reads during one decode step, once as many come as go."""
    output = tables.workloads.output_tokens[rows.workload]
    if not (output > 0).any() or not (batch > 1).any():
        return np.zeros((1,) * prompt.ndim)
    mixes = serves(tables, rows) & (output > 0)
    return np.where(mixes, (batch - 1.0) * prompt / np.maximum(output, 1), 0.0)


def speed_inputs(tables: Tables, rows: Axes, shapes: ModelShapes | None = None) -> SpeedInputs:
    """Figures of the plans at ``rows`` for the formulas of planner.engine.speed.

    ``shapes``: those of the plans' models, where they are at hand.
    """
    shapes = shapes or tables.models.shapes(rows.model)
    work, models, scale = tables.workloads, tables.models, weights_scale(tables, rows)
    depth = work.depth_tokens[rows.workload].astype(np.float64)
    prompt = work.prompt_tokens[rows.workload].astype(np.float64)
    prompt_depth = work.prompt_depth_tokens[rows.workload].astype(np.float64)
    ranks, batch = tensor_ranks(tables, rows), work.concurrency[rows.workload].astype(np.float64)
    machines = tables.machines
    comm_pass_s, comm_token_s = all_reduce_seconds(
        machines.link_kind[rows.machine],
        machines.link_bytes_per_s[rows.machine],
        ranks,
        shapes.buffers.hidden.astype(np.float64),
        models.n_layers[rows.model],
    )
    # every tensor-parallel device reads the latents of all sequences
    copies = np.where((shapes.cache.latent_elements > 0).any(axis=-1), ranks, 1.0)
    return SpeedInputs(
        dense_bytes=tables.weights.dense_read_bytes[rows.model, rows.format] * scale,
        expert_bytes=tables.weights.expert_bytes[rows.model, rows.format] * scale,
        n_experts=models.n_experts[rows.model],
        n_experts_used=models.n_experts_used[rows.model],
        n_layers=models.n_layers[rows.model],
        active_flops_per_token=models.active_flops_per_token[rows.model],
        expert_flops_per_token=models.expert_flops_per_token[rows.model],
        bandwidth_bytes_per_s=tables.machines.bandwidth_bytes_per_s[rows.machine] * ranks,
        peak_flops_per_s=peak_flops_per_s(tables, rows) * ranks,
        batch=batch,
        kv_read_bytes=cache_read_bytes(shapes.cache, cache_plan(tables, rows), depth) * copies,
        prompt_tokens=prompt,
        ubatch_tokens=batch_tokens(tables, rows),
        prefill_attention_flops=prefill_attention_flops(shapes.attention, prompt, prompt_depth),
        prompt_tokens_per_step=_read_beside(tables, rows, prompt, batch),
        comm_pass_s=comm_pass_s,
        comm_token_s=comm_token_s,
    )
