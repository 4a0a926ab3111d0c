"""The worked example of the KV cache, the buffers and the limit, with the engine's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hardware_catalog.tables import architecture_of
from planner.engine.gather import cache_plan
from planner.engine.grid import Axes
from planner.engine.inventory import AttentionGroup
from planner.engine.kv import (
    KV_RULES,
    MLA_FULL,
    bytes_per_cell,
    cache_bytes,
    cache_read_bytes,
    layer_cells,
    padded_context,
)
from planner.engine.limits import LimitRule
from planner.engine.runtime_buffers import BUFFER_RULES
from planner.engine.units import GIB
from planner.engine.verdict import margin_bytes
from planner.figures import bits, gib
from planner.plans.plan import Plan

KIND_WORDS: Mapping[str, str] = {
    "full": "attention to everything before (full)",
    "sliding": "attention to a window of the latest tokens (sliding)",
    "mla": "keys and values as one small latent (MLA)",
    "linear": "a state of fixed size (linear, recurrent)",
    "shared": "reads another layer's cache",
    "compressed": "one entry for several tokens, and a window (compressed)",
}
RULE_WORDS: Mapping[str, str] = {
    "llama_cpp": "one pool for all conversations, rounded up to 256 tokens; windowed layers keep a pool of their own",
    "ik_llama": "one pool for all conversations, rounded up to 256 tokens; every layer keeps the whole context",
    "paged": "blocks of 16 tokens for each conversation; windowed layers keep a window and one step",
    "paged_flat": "blocks of 16 tokens for each conversation; every layer keeps the whole context",
    "rotating": "grown by 256 tokens for each conversation; windowed layers keep a rotating window",
    "full": "every layer keeps the whole context, rounded up to 256 tokens",
}
BUFFER_WORDS: Mapping[str, str] = {
    "graph": "llama.cpp's way: one buffer as large as the most that lives at once in the worst step, a full "
    "micro-batch over a full cache. It is the largest of attention, feed-forward, experts and logits, each the sum "
    "of the tensors alive in it, four bytes a number.",
    "server": "A server's way (vLLM, SGLang, TensorRT-LLM): a profiled step of as many tokens as it reads at a time, "
    "logits of 256 conversations, and 0.5 GiB for CUDA graphs.",
    "lazy": "MLX's way: twelve times the widest activations of a layer over one prefill step, two bytes a number, and "
    "the scores of a step where a head is wider than 128.",
    "step": "One prefill step of a layer's activations, two bytes a number (ExLlama and the like).",
    "mobile": "Phone runtimes: 0.53 GiB and 29 % of the weights, a line through two published process sizes.",
}


@dataclass(frozen=True, slots=True)
class CacheLine:
    """Layers that keep the same kind of cache, and what they keep of this plan's context."""

    words: str
    n_layers: int
    detail: str  # what one layer keeps of one token, in words
    cells: float  # tokens (or entries) that one layer keeps, over all conversations
    bytes_per_token: float  # of one layer
    bytes: float


@dataclass(frozen=True, slots=True)
class CacheExample:
    """The KV cache of one plan."""

    rule_words: str
    lines: tuple[CacheLine, ...]
    uncached: tuple[str, ...]  # kinds of layers that keep no keys and values
    cells: float  # of a layer without window
    indexer_bytes: float
    state_bytes: float
    copies: float  # devices that each keep the whole latent
    kv_bytes: float
    depth_tokens: int
    read_bytes: float  # by one conversation and step


def asked(plan: Plan) -> Axes:
    """The asked plan's rows in its tables."""
    return Axes(*(axis[plan.row : plan.row + 1] for axis in plan.plans.rows))


def cache_example(plan: Plan) -> CacheExample:
    """What each kind of layer keeps, by the engine's formulas."""
    tables, rows = plan.plans.tables, asked(plan)
    table, kept = tables.models.cache.take(rows.model), cache_plan(tables, rows)
    cells, per_cell = layer_cells(table, kept)[0], bytes_per_cell(table, kept)[0]
    parts = cache_bytes(table, kept)
    kv_bytes = float(plan.columns["kv_bytes"][plan.row])
    state = float(parts.state[0])
    once = float(parts.keys_values[0] + parts.indexer[0])
    depth = tables.workloads.depth_tokens[rows.workload]
    groups = [g for g in _attention(plan) if g.kind not in ("linear", "shared")]
    key_bits = tables.kv_formats.key_bits[rows.kv_format][0]
    value_bits = tables.kv_formats.value_bits[rows.kv_format][0]
    lines = []
    for i, group in enumerate(groups):
        latent = bool(table.latent_elements[0, i]) and int(kept.mla_mode[0]) != MLA_FULL
        detail = (
            f"a latent of {int(table.latent_elements[0, i]):,} numbers × {bits(key_bits)} bits"
            if latent
            else f"{group.n_kv_heads} heads × ({group.head_dim_k} × {bits(key_bits)} bits for keys"
            f" + {group.head_dim_v} × {bits(value_bits)} bits for values)"
        )
        if group.window_tokens:
            detail += f", window of {group.window_tokens:,} tokens"
        n_layers = len(group.layers)
        lines.append(
            CacheLine(
                words=KIND_WORDS.get(group.kind, group.kind),
                n_layers=n_layers,
                detail=detail,
                cells=float(cells[i]),
                bytes_per_token=float(per_cell[i]) / n_layers,
                bytes=float(cells[i] * per_cell[i]),
            )
        )
    return CacheExample(
        rule_words=RULE_WORDS[KV_RULES[int(kept.rule[0])]],
        lines=tuple(lines),
        uncached=tuple(
            f"{len(g.layers)} layers: {KIND_WORDS[g.kind]}"
            for g in _attention(plan)
            if g.kind in ("linear", "shared")
        ),
        cells=float(padded_context(kept)[0]),
        indexer_bytes=float(parts.indexer[0]),
        state_bytes=state,
        copies=(kv_bytes - state) / once if once else 1.0,
        kv_bytes=kv_bytes,
        depth_tokens=int(depth[0]),
        read_bytes=float(cache_read_bytes(table, kept, depth.astype(np.float64))[0]),
    )


def _attention(plan: Plan) -> tuple[AttentionGroup, ...]:
    architecture = architecture_of(plan.model)
    return () if architecture is None else architecture.attention


@dataclass(frozen=True, slots=True)
class BufferExample:
    """Buffers and overhead of one plan, and the rule that gives them."""

    words: str
    buffers_bytes: float
    overhead_bytes: float
    overhead_low_bytes: float
    overhead_high_bytes: float


def buffer_example(plan: Plan) -> BufferExample:
    """The plan's buffers with the rule of its runtime."""
    rules, runtime = plan.plans.rules, int(asked(plan).runtime[0])
    count = plan.machine.spec.device_count
    return BufferExample(
        words=BUFFER_WORDS[BUFFER_RULES[int(rules.buffer_rule[runtime])]],
        buffers_bytes=float(plan.columns["buffers_bytes"][plan.row]),
        overhead_bytes=float(plan.columns["overhead_bytes"][plan.row]),
        overhead_low_bytes=float(rules.overhead.low[runtime]) * count,
        overhead_high_bytes=float(rules.overhead.high[runtime]) * count,
    )


@dataclass(frozen=True, slots=True)
class LimitPoint:
    """What a process may use of a memory of one size: planned with, and the known range."""

    memory: str
    usable: str
    known_range: str
    source_url: str


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One platform's rule."""

    platform: str
    label: str
    explanation: str
    points: tuple[LimitPoint, ...]
    is_this_plans: bool


# sizes at which a rule without sizes of its own (shares and a reserve) is shown
SHOWN_HOST_GB = (16.0, 64.0, 256.0)


def limit_lines(plan: Plan) -> tuple[LimitLine, ...]:
    """The rules of all platforms, the plan's own first."""
    own = plan.machine.spec.platform
    found = [
        LimitLine(
            platform=rule.platform,
            label=rule.label,
            explanation=rule.explanation,
            points=_points(rule),
            is_this_plans=rule.platform == own,
        )
        for rule in plan.snapshot.limits.rules
    ]
    return tuple(sorted(found, key=lambda line: not line.is_this_plans))


def _points(rule: LimitRule) -> tuple[LimitPoint, ...]:
    by_size = not any(rule.reserve_bytes)
    sizes = np.exp2(rule.log_memory) if by_size else np.array(SHOWN_HOST_GB) * GIB
    low, central, high = rule.usable(sizes)
    return tuple(
        LimitPoint(
            memory=f"{size / GIB:g} GB",
            usable=gib(float(central[i])),
            known_range=f"{gib(float(low[i]))} to {gib(float(high[i]))}",
            source_url=rule.source(float(size)),
        )
        for i, size in enumerate(sizes)
    )


@dataclass(frozen=True, slots=True)
class VerdictExample:
    """The figures that the verdict compares."""

    need_bytes: float
    need_high_bytes: float
    limit_bytes: float
    margin_bytes: float
    held_bytes: float
    host_limit_bytes: float


def verdict_example(plan: Plan) -> VerdictExample:
    """Need and limit of the asked plan."""

    def figure(name: str) -> float:
        return float(plan.columns[name][plan.row])

    limit = figure("limit_bytes")
    return VerdictExample(
        need_bytes=figure("need_bytes"),
        need_high_bytes=figure("need_high_bytes"),
        limit_bytes=limit,
        margin_bytes=float(margin_bytes(np.array([limit]))[0]),
        held_bytes=plan.question.held_bytes,
        host_limit_bytes=figure("host_limit_bytes"),
    )
