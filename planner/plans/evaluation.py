"""One question's plans through the engine: the asked one, the other formats, the other contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hardware_catalog.rows import FormatRow
from hardware_catalog.tables import machine_table
from planner.engine.builds import llama_build
from planner.engine.columns import Columns
from planner.engine.evaluate import Engine
from planner.engine.grid import Axes, Grid
from planner.engine.kv import MLA_LATENT
from planner.engine.memory import MemoryRules, assess
from planner.engine.tables import Floats, Tables, WorkloadTable
from planner.engine.verdict import VERDICTS, longest_context
from planner.plans.machines import PlannedMachine
from planner.plans.offers import Offer
from planner.plans.questions import Question
from planner.plans.snapshot import Snapshot

# contexts of the curves, up to the model's own maximum
CURVE_CONTEXTS = tuple(2**k for k in range(11, 24))


@dataclass(frozen=True, slots=True)
class PlanSet:
    """The tables of one question and the evaluated plans."""

    tables: Tables
    rules: MemoryRules
    engine: Engine
    rows: Axes  # of every evaluated plan
    columns: Columns


def workloads(question: Question, contexts: Sequence[int]) -> WorkloadTable:
    """The question's workload at each of the given contexts; speed is at a cache filled to the context."""
    n = len(contexts)
    build = llama_build(ik=question.runtime == "ik-llama-cpp")

    def whole(value: int) -> np.ndarray:
        return np.full(n, value, dtype=np.int64)

    context = np.array(contexts, dtype=np.int64)
    prompt = np.minimum(question.prompt_tokens, context)
    return WorkloadTable(
        context_tokens=context,
        depth_tokens=np.minimum(prompt + question.output_tokens // 2, context),
        prompt_tokens=np.maximum(prompt, 1),
        prompt_depth_tokens=whole(0),
        output_tokens=whole(question.output_tokens),
        concurrency=whole(question.concurrency),
        batch_tokens=whole(0),
        flash_attention=whole(-1),
        mla_mode=whole(MLA_LATENT),
        wide_mask=np.full(n, build.wide_mask),
        all_logits=np.full(n, build.all_logits),
        latent_mode=whole(build.latent_mode),
        experts_on_host=np.zeros(n, dtype=np.bool_),
        layers_on_host=np.zeros(n, dtype=np.bool_),
        utilization=np.full(n, np.nan),
        held_bytes=np.full(n, question.held_bytes),
        weights_bytes=np.full(n, np.nan),
        bits_per_weight=np.full(n, np.nan),
    )


def _filled(work: WorkloadTable, rows: slice) -> None:
    """Let the speed of these workloads be that at a full context: the curves show what a long conversation costs."""
    work.depth_tokens[rows] = work.context_tokens[rows]


def curve_contexts(question: Question, max_context_tokens: int | None) -> tuple[int, ...]:
    """Contexts of the curves: powers of two up to the model's maximum, and the maximum itself."""
    most = max_context_tokens or max(131_072, question.context_tokens)
    return tuple(c for c in CURVE_CONTEXTS if c < most) + (most,)


def evaluate(
    question: Question, machine: PlannedMachine, offer: Offer, contexts: Sequence[int], snapshot: Snapshot
) -> PlanSet:
    """Evaluate every offered format at the asked context, then every context in every format.

    Plans come in the order (format, workload); workload 0 is the asked one, workload i > 0 is ``contexts[i - 1]``,
    with the cache full.
    """
    catalog = snapshot.tables
    work = workloads(question, (question.context_tokens, *contexts))
    _filled(work, slice(1, None))
    tables = Tables(
        machines=machine_table([machine.spec]),
        models=catalog.models,
        formats=catalog.formats,
        kv_formats=catalog.kv_formats,
        runtimes=catalog.runtimes,
        workloads=work,
        weights=catalog.weights,
    )
    axes = Axes(
        machine=np.zeros(1, dtype=np.int64),
        model=np.array([catalog.model_row[question.model]]),
        format=np.array([catalog.format_row[f.slug] for f in offer.formats]),
        kv_format=np.array([catalog.kv_format_row[question.kv_format]]),
        runtime=np.array([catalog.runtime_row[offer.runtime.slug, offer.backend]]),
        workload=np.arange(len(work), dtype=np.int64),
    )
    grid = Grid(axes)
    rules = MemoryRules.bind(tables, snapshot.limits, snapshot.overheads)
    engine = Engine.build(tables, rules, snapshot.calibration, grid)
    return PlanSet(tables, rules, engine, grid.rows(0, len(grid)), engine.evaluate(grid))


def best_format(
    formats: Sequence[FormatRow], verdicts: Sequence[str], bits: Sequence[float], native_bits: float
) -> int:
    """Number of the format with the most bits that fits and is no wider than the native precision.

    Where none fits: the widest that is tight, then that fits with offload, then the one with the fewest bits.
    """
    allowed = [i for i in range(len(formats)) if bits[i] <= native_bits] or list(range(len(formats)))
    for wanted in ("fits", "tight", "offload"):
        found = [i for i in allowed if verdicts[i] == wanted]
        if found:
            return max(found, key=lambda i: bits[i])
    return min(allowed, key=lambda i: bits[i])


def verdict_names(columns: Columns) -> list[str]:
    """Verdict of every plan as a word key."""
    return [VERDICTS[int(code)] for code in columns["verdict"]]


def longest_contexts(plans: PlanSet, rows: Axes, max_context_tokens: float) -> Floats:
    """Longest context whose need is within the limit, for plans that differ only in their workload's context."""
    n = len(rows.machine)
    limit = assess(plans.tables, plans.rules, rows)[2]

    def need_at(contexts: Floats) -> Floats:
        asked = plans.tables.workloads
        index = rows.workload
        work = WorkloadTable(
            **{
                name: getattr(asked, name)[index]
                for name in WorkloadTable.__dataclass_fields__
                if name != "context_tokens"
            },
            context_tokens=contexts.astype(np.int64),
        )
        tables = Tables(
            machines=plans.tables.machines,
            models=plans.tables.models,
            formats=plans.tables.formats,
            kv_formats=plans.tables.kv_formats,
            runtimes=plans.tables.runtimes,
            workloads=work,
            weights=plans.tables.weights,
        )
        moved = rows._replace(workload=np.arange(n, dtype=np.int64))
        return assess(tables, plans.rules, moved)[0].needs.device

    return longest_context(need_at, limit, np.full(n, max_context_tokens))
