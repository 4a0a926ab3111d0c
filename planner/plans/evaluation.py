"""One question's plans through the engine: the asked one, the other formats, the other contexts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from hardware_catalog.rows import FormatRow
from hardware_catalog.tables import CatalogTables, MachineSpec, machine_table
from planner.engine.boxes import cutter
from planner.engine.builds import llama_build
from planner.engine.columns import Columns
from planner.engine.evaluate import Bound, Engine
from planner.engine.grid import Axes, Grid
from planner.engine.kv import MLA_LATENT
from planner.engine.memory import MemoryRules, plan_need
from planner.engine.part import Part
from planner.engine.speed import Coefficients, SpeedInputs
from planner.engine.tables import Ints, Tables, WorkloadTable
from planner.engine.verdict import VERDICTS, longest_context
from planner.engine.weights import WeightsTable
from planner.plans.machines import PlannedMachine
from planner.plans.offers import Offer
from planner.plans.questions import Question
from planner.snapshot import Snapshot

# Runtimes whose plans are computed with tables of their own: other habits of the build, other layouts of the files.
IK_LLAMA, OLLAMA = "ik-llama-cpp", "ollama"
OF_THEIR_OWN = frozenset({IK_LLAMA, OLLAMA})
# set-ups of which a process keeps what is bound to them, about 30 KB each, and longest contexts of each
BOUND = 256
# contexts of the curves, up to the model's own maximum
CURVE_CONTEXTS = tuple(2**k for k in range(11, 24))

# inputs and coefficients of the speed formulas
Speed = tuple[SpeedInputs, Coefficients]
# longest contexts found for one set-up, by format row, conversations, limit in bytes and the model's maximum
Longest = dict[tuple[int, int, float, int], int]


@dataclass(frozen=True, slots=True)
class PlanSet:
    """The tables of one question and the evaluated plans."""

    tables: Tables
    rules: MemoryRules
    rows: Axes  # of every evaluated plan
    columns: Columns
    part: Part  # what they were made of
    longest: Longest

    def speed(self, row: int) -> Speed:
        """What the speed formulas took for the plan at ``row``: arrays of shape [1]."""
        place = np.unravel_index(row, self.part.shape)
        x, c = self.part.speed.taken(cutter(tuple(slice(int(i), int(i) + 1) for i in place), self.part.shape))
        return (
            SpeedInputs(*(getattr(x, f.name).reshape(-1) for f in fields(x))),
            Coefficients(*(getattr(c, f.name).reshape(-1) for f in fields(c))),
        )


def workloads(question: Question, contexts: Sequence[int]) -> WorkloadTable:
    """The question's workload at its own context, then at each of the given contexts with the cache full."""
    context = np.array((question.context_tokens, *contexts), dtype=np.int64)
    prompt = np.minimum(question.prompt_tokens, context)
    depth = context.copy()
    depth[0] = depth_tokens(prompt, question.output_tokens, context)[0]
    return workload_table(
        context=context,
        depth=depth,
        prompt=prompt,
        output_tokens=question.output_tokens,
        concurrency=np.full_like(context, question.concurrency),
        runtime=question.runtime,
        held_bytes=question.held_bytes,
    )


def depth_tokens(prompt: Ints, output_tokens: int, context: Ints) -> Ints:
    """Tokens in the cache when half of the answer is written."""
    return np.asarray(np.minimum(prompt + output_tokens // 2, context))


def workload_table(
    *,
    context: Ints,
    depth: Ints,
    prompt: Ints,
    output_tokens: int,
    concurrency: Ints,
    runtime: str,
    held_bytes: float = 0.0,
) -> WorkloadTable:
    """Workloads of these tokens by a person's defaults, for the runtime of this slug; arrays of one length."""
    n = len(context)
    build = llama_build(ik=runtime == IK_LLAMA)

    def whole(value: int) -> Ints:
        return np.full(n, value, dtype=np.int64)

    return WorkloadTable(
        context_tokens=context,
        depth_tokens=depth,
        prompt_tokens=np.maximum(prompt, 1),
        prompt_depth_tokens=whole(0),
        output_tokens=whole(output_tokens),
        concurrency=concurrency,
        batch_tokens=whole(0),
        flash_attention=whole(-1),
        mla_mode=whole(MLA_LATENT),
        wide_mask=np.full(n, build.wide_mask),
        all_logits=np.full(n, build.all_logits),
        latent_mode=whole(build.latent_mode),
        experts_on_host=np.zeros(n, dtype=np.bool_),
        layers_on_host=np.zeros(n, dtype=np.bool_),
        tensor_ranks=whole(0),
        utilization=np.full(n, np.nan),
        held_bytes=np.full(n, held_bytes),
        weights_bytes=np.full(n, np.nan),
        bits_per_weight=np.full(n, np.nan),
    )


def weights_of(runtime: str, catalog: CatalogTables) -> WeightsTable:
    """The weights as the runtime's files keep them: Ollama's own library has layouts of its own."""
    return catalog.ollama_weights if runtime == OLLAMA else catalog.weights


def curve_contexts(question: Question, max_context_tokens: int | None) -> tuple[int, ...]:
    """Contexts of the curves: powers of two up to the model's maximum, and the maximum itself."""
    most = max_context_tokens or max(131_072, question.context_tokens)
    return (*(c for c in CURVE_CONTEXTS if c < most), most)


def evaluate(
    question: Question, machine: PlannedMachine, offer: Offer, contexts: Sequence[int], snapshot: Snapshot
) -> PlanSet:
    """Evaluate every offered format at the asked context, then every context in every format.

    Plans come in the order (format, workload); workload 0 is the asked one, workload i > 0 is ``contexts[i - 1]``,
    with the cache full.
    """
    catalog = snapshot.tables
    work = workloads(question, contexts)
    tables = Tables(
        machines=machine_table([machine.spec]),
        models=catalog.models,
        formats=catalog.formats,
        kv_formats=catalog.kv_formats,
        runtimes=catalog.runtimes,
        workloads=work,
        weights=weights_of(offer.runtime.slug, catalog),
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
    bound = _bound(tables, grid, machine.spec, snapshot)
    engine = replace(bound.engine, tables=replace(bound.engine.tables, workloads=work))
    columns, part = engine.few(grid, bound.figures)
    return PlanSet(tables, engine.rules, grid.rows(0, len(grid)), columns, part, bound.longest)


@dataclass(frozen=True, slots=True)
class SetUp:
    """What does not depend on a question's workload: it is kept for the set-ups that were asked about lately."""

    engine: Engine
    figures: Bound
    longest: Longest


class _Held:
    lock = threading.Lock()
    bound: OrderedDict[object, SetUp] = OrderedDict()


def _bound(tables: Tables, grid: Grid, spec: MachineSpec, snapshot: Snapshot) -> SetUp:
    """What is bound to these tables, whatever their workloads."""
    axes = grid.axes
    rows = (axes.model, axes.format, axes.kv_format, axes.runtime)
    # as texts: nan is not equal to itself
    figures = (spec.memory_bytes, spec.host_memory_bytes, spec.host_bandwidth_bytes_per_s)
    machine = (spec.device, spec.device_count, spec.platform, *map(repr, figures))
    key = (snapshot.sha256, id(tables.weights), machine, *(axis.tobytes() for axis in rows))
    with _Held.lock:
        known = _Held.bound.get(key)
        if known is not None:
            _Held.bound.move_to_end(key)
            return known
    rules = MemoryRules.bind(tables, snapshot.limits, snapshot.overheads)
    engine = Engine.build(tables, rules, snapshot.calibration, grid)
    made = SetUp(engine, engine.bind(grid.squeezed()), {})
    with _Held.lock:
        _Held.bound[key] = made
        while len(_Held.bound) > BOUND:
            _Held.bound.popitem(last=False)
    return made


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


def longest_context_of(plans: PlanSet, row: int, max_context_tokens: int) -> int:
    """Longest context at which the plan at ``row`` stays within its limit; 0 where none does."""
    workload = int(plans.rows.workload[row])
    limit = float(plans.columns["limit_bytes"][row])
    # all that it follows from in one set-up
    n_sequences = int(plans.tables.workloads.concurrency[workload])
    key = (int(plans.rows.format[row]), n_sequences, limit, max_context_tokens)
    known = plans.longest.get(key)
    if known is None:
        known = _search_longest(plans, row, workload, limit, max_context_tokens)
        if len(plans.longest) >= BOUND:
            plans.longest.clear()
        plans.longest[key] = known
    return known


def _search_longest(plans: PlanSet, row: int, workload: int, limit: float, max_context_tokens: int) -> int:
    def need_at(contexts: np.ndarray) -> np.ndarray:
        n = len(contexts)
        repeated = {
            name: np.repeat(getattr(plans.tables.workloads, name)[workload], n)
            for name in WorkloadTable.__dataclass_fields__
        }
        work = WorkloadTable(**{**repeated, "context_tokens": contexts})
        rows = Axes(*(axis[row : row + 1] for axis in plans.rows))._replace(workload=np.arange(n))
        return plan_need(replace(plans.tables, workloads=work), plans.rules, rows).needs.device

    # the need follows from the context alone: the curve's plans of the same format say between which it lies
    n_curve = len(plans.tables.workloads) - 1
    if workload == 0 and n_curve:
        needs = plans.columns["need_bytes"][row + 1 : row + 1 + n_curve]
        contexts = plans.tables.workloads.context_tokens[1:]
        n_within = int(np.count_nonzero(needs <= limit))
        within = int(contexts[n_within - 1]) if n_within else 0
        beyond = int(contexts[n_within]) if n_within < n_curve else None
        return longest_context(need_at, limit, max_context_tokens, known=(within, beyond))
    return longest_context(need_at, limit, max_context_tokens)
