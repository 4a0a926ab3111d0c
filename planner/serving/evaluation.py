"""Candidates through the engine: all of them at once, each with its own number of conversations."""

from __future__ import annotations

import numpy as np

from hardware_catalog.tables import machine_table
from planner.engine.alike import speed_groups
from planner.engine.columns import Columns
from planner.engine.evaluate import Engine
from planner.engine.grid import Axes, Grid
from planner.engine.memory import MemoryRules
from planner.engine.tables import Ints, Tables, WorkloadTable
from planner.plans.evaluation import depth_tokens, weights_of, workload_table
from planner.serving.candidates import Candidates
from planner.serving.questions import ServingQuestion
from planner.snapshot import Snapshot

# Conversations of one instance that are looked at: the catalog's measurements of servers go as far.
MOST_SEQUENCES = 1024


class Evaluator:
    """The engine, bound to a question's candidates."""

    def __init__(self, question: ServingQuestion, found: Candidates, snapshot: Snapshot) -> None:
        catalog = snapshot.tables
        machines = machine_table([machine.spec for machine in found.machines])
        self.tables = Tables(
            machines=machines,
            models=catalog.models,
            formats=catalog.formats,
            kv_formats=catalog.kv_formats,
            runtimes=catalog.runtimes,
            workloads=_workloads(question),
            weights=weights_of(question.runtime, catalog),
        )
        self._found = found
        self._model = catalog.model_row[question.model]
        self._kv_format = catalog.kv_format_row[question.kv_format]
        reach = Axes(
            machine=np.unique(found.machine),
            model=np.array([self._model]),
            format=np.unique(found.format),
            kv_format=np.array([self._kv_format]),
            runtime=np.unique(found.program),
            workload=np.zeros(1, dtype=np.int64),
        )
        rules = MemoryRules.bind(self.tables, snapshot.limits, snapshot.overheads)
        self.engine = Engine.build(
            self.tables, rules, snapshot.calibration, Grid(reach), groups=speed_groups(machines)
        )

    def rows(self, which: Ints, sequences: Ints) -> Axes:
        """Rows of the tables of some candidates, each with so many conversations at once."""
        return Axes(
            machine=self._found.machine[which],
            model=np.full(len(which), self._model),
            format=self._found.format[which],
            kv_format=np.full(len(which), self._kv_format),
            runtime=self._found.program[which],
            workload=np.asarray(sequences, dtype=np.int64) - 1,
        )

    def at(self, which: Ints, sequences: Ints) -> Columns:
        """The engine's columns of those."""
        return self.engine.evaluate(Grid(self.rows(which, sequences), product=False))


def _workloads(question: ServingQuestion) -> WorkloadTable:
    """One workload for every number of conversations up to the most: number n stands at n - 1."""
    sequences = np.arange(1, MOST_SEQUENCES + 1, dtype=np.int64)
    prompt = np.full_like(sequences, question.prompt_tokens)
    context = np.full_like(sequences, question.context_tokens)
    return workload_table(
        context=context,
        depth=depth_tokens(prompt, question.output_tokens, context),
        prompt=prompt,
        output_tokens=question.output_tokens,
        concurrency=sequences,
        runtime=question.runtime,
    )
