"""Many questions in brief: verdict, best format, memory and writing speed of each, out of one grid.

Lists of what runs on a machine, or where a model runs, take their figures from here; each is the same as in the
whole answer to its question.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from hardware_catalog.tables import MachineSpec, machine_table
from planner.engine.columns import Columns
from planner.engine.evaluate import Engine
from planner.engine.grid import Axes, Grid
from planner.engine.memory import MemoryRules
from planner.engine.tables import Tables, WorkloadTable
from planner.plans.answer import Interval
from planner.plans.errors import PlanError
from planner.plans.evaluation import verdict_names, workloads
from planner.plans.plan import Asked, chosen_format, resolve
from planner.plans.questions import Question
from planner.plans.services import interval
from planner.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Summary:
    """One question's answer in brief."""

    question: Question
    verdict: str  # "fits" | "tight" | "offload" | "no"
    format_slug: str
    format_name: str
    bits_per_weight: float
    kv_bytes: float  # of the whole context
    need_bytes: float  # of all devices
    limit_bytes: float
    decode_tps: Interval | None  # None: it does not run, or a figure is unknown


def summaries(questions: Sequence[Question], snapshot: Snapshot) -> list[Summary | PlanError]:
    """The answer to each question in brief, or why there is none.

    The questions leave the runtime to us (or name one other than Ollama, whose files have layouts of their own).
    """
    asked: list[Asked | PlanError] = []
    for question in questions:
        try:
            asked.append(resolve(question, snapshot))
        except PlanError as error:
            asked.append(error)
    possible = [item for item in asked if isinstance(item, Asked)]
    columns = _evaluate(possible, snapshot)
    names = verdict_names(columns)
    found: list[Summary | PlanError] = []
    first = 0
    for item in asked:
        if isinstance(item, PlanError):
            found.append(item)
        else:
            found.append(_summary(item, columns, names, first, snapshot))
            first += len(item.offer.formats)
    return found


def _summary(asked: Asked, columns: Columns, names: list[str], first: int, snapshot: Snapshot) -> Summary:
    """The brief answer out of the plans from ``first`` on, one for each offered format."""
    plans = slice(first, first + len(asked.offer.formats))
    tables = snapshot.tables
    parameters = float(tables.models.n_parameters[tables.model_row[asked.model.slug]])
    bits = [
        weights * 8 / parameters if parameters and math.isfinite(weights) else math.nan
        for weights in columns["weights_bytes"][plans].tolist()
    ]
    chosen = chosen_format(asked, names[plans], bits, snapshot)
    row = first + chosen
    runs = names[row] in ("fits", "tight", "offload") and not asked.offer.refused_format
    return Summary(
        question=asked.question,
        verdict=names[row],
        format_slug=asked.offer.formats[chosen].slug,
        format_name=asked.offer.formats[chosen].name,
        bits_per_weight=bits[chosen],
        kv_bytes=float(columns["kv_bytes"][row]),
        need_bytes=float(columns["need_bytes"][row]),
        limit_bytes=float(columns["limit_bytes"][row]),
        decode_tps=interval(columns, "decode_tps", row) if runs else None,
    )


def _evaluate(asked: Sequence[Asked], snapshot: Snapshot) -> Columns:
    """Every offered format of every question at its own workload, in that order."""
    if not asked:
        return Columns.empty(0)
    catalog = snapshot.tables
    # each machine and each workload once, in the order in which they are met
    machines: dict[Hashable, MachineSpec] = {}
    works: dict[Hashable, WorkloadTable] = {}
    for item in asked:
        machines.setdefault(_machine_of(item.question), item.machine.spec)
        if _workload_of(item.question) not in works:
            works[_workload_of(item.question)] = workloads(item.question, ())
    machine_row = {key: row for row, key in enumerate(machines)}
    work_row = {key: row for row, key in enumerate(works)}
    axes = [
        (
            machine_row[_machine_of(item.question)],
            catalog.model_row[item.question.model],
            catalog.format_row[fmt.slug],
            catalog.kv_format_row[item.question.kv_format],
            catalog.runtime_row[item.offer.runtime.slug, item.offer.backend],
            work_row[_workload_of(item.question)],
        )
        for item in asked
        for fmt in item.offer.formats
    ]
    tables = Tables(
        machines=machine_table(list(machines.values())),
        models=catalog.models,
        formats=catalog.formats,
        kv_formats=catalog.kv_formats,
        runtimes=catalog.runtimes,
        workloads=_joined(list(works.values())),
        weights=catalog.weights,
    )
    grid = Grid(Axes(*np.array(axes, dtype=np.int64).T), product=False)
    rules = MemoryRules.bind(tables, snapshot.limits, snapshot.overheads)
    return Engine.build(tables, rules, snapshot.calibration, grid).evaluate(grid)


def _machine_of(question: Question) -> Hashable:
    """The part of a question that says the machine."""
    own = question.own_device
    return (
        *(question.machine, question.device, own),
        *(question.device_count, question.memory_gb, question.host_memory_gb),
    )


def _workload_of(question: Question) -> Hashable:
    """The part of a question that says the work."""
    return (
        *(question.context_tokens, question.prompt_tokens, question.output_tokens),
        *(question.concurrency, question.held_bytes, question.runtime),
    )


def _joined(tables: Sequence[WorkloadTable]) -> WorkloadTable:
    """The rows of all tables in one."""
    names = WorkloadTable.__dataclass_fields__
    return WorkloadTable(
        **{name: np.concatenate([getattr(table, name) for table in tables]) for name in names}
    )
