"""A definition resolved against a snapshot: which plans there are, by number, and what the engine says of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import prod

import numpy as np

from planner.engine.verdict import FITS, OFFLOAD, Codes
from planner.plans.questions import Question
from planner.snapshot import Snapshot
from planner.sweeps.definition import Definition, DefinitionError
from planner.sweeps.grid.axes import Asked, asked
from planner.sweeps.grid.counting import Possible, n_combinations, possible, pruned
from planner.sweeps.grid.entries import Entries
from planner.sweeps.grid.evaluating import Evaluator, Lists, Rows, empty
from planner.sweeps.grid.listing import Specs, entries_of
from planner.sweeps.grid.programs import Running, running
from planner.sweeps.grid.sampling import Rules, SetUps, some
from planner.sweeps.grid.slices import Slices
from planner.sweeps.grid.support import NONE, Ints, Support, support

# So many plans take one core eleven hours to compute and more than a day to write, into 2.4 TB: more is a slip.
MOST_PLANS = 10**11
# Reasons that are told where nothing is possible.
TOLD = 3


class SweepGrid:
    """The plans of a sweep. The same definition and snapshot give the same plans under the same numbers."""

    def __init__(self, asked: Asked, snapshot: Snapshot) -> None:
        """See ``build``."""
        self.asked = asked
        self.snapshot = snapshot
        self._support: Support = support(snapshot)
        in_use = np.array([m.host_class for m in asked.machines], dtype=np.int64)
        self._classes, of_machine = np.unique(in_use, return_inverse=True)
        self._class_of_machine = np.repeat(of_machine, len(asked.counts))
        n_machines = np.bincount(self._class_of_machine, minlength=len(self._classes))
        self._running: Running = running(asked, self._classes, n_machines, self._support, snapshot)
        self._possible: Possible = possible(asked)
        self.pruned: tuple[tuple[str, int], ...] = pruned(asked, self._running, self._possible)
        self.n_combinations = n_combinations(asked)  # possible or not
        self.n_plans = self.n_combinations - sum(count for _, count in self.pruned)

    @classmethod
    def build(cls, definition: Definition, snapshot: Snapshot) -> SweepGrid:
        """Resolve a definition. Raises ``DefinitionError`` with everything that is wrong with it."""
        grid = cls(asked(definition, snapshot), snapshot)
        if grid.n_plans > MOST_PLANS:
            raise DefinitionError({"": [grid.too_many()]})
        if not grid.n_plans:
            raise DefinitionError({"": [grid.nothing()]})
        return grid

    @property
    def left_out(self) -> tuple[str, ...]:
        """Sentences on entries that filters left out, since a figure is not known."""
        return self.asked.left_out

    @property
    def lengths(self) -> dict[str, int]:
        """How many entries each axis has, by its name in words."""
        asked = self.asked
        return {
            "machines": asked.n_machines,
            "models": len(asked.models),
            "formats": len(asked.formats),
            "programs": len(asked.programs),
            "contexts": len(asked.contexts),
            "numbers of users": len(asked.users),
            "KV formats": len(asked.kv_formats),
        }

    def too_many(self) -> str:
        """Why the sweep is refused: its size, and its longest axes."""
        longest = sorted(self.lengths.items(), key=lambda axis: -axis[1])[:TOLD]
        axes = ", ".join(f"{length:,} {name}" for name, length in longest)
        return (
            f"These are {self.n_plans:,} plans; a sweep can have at most {MOST_PLANS:,}. "
            f"Narrow the longest axes: {axes}."
        )

    def nothing(self) -> str:
        """Why no plan is possible."""
        reasons = sorted(self.pruned, key=lambda found: -found[1])[:TOLD]
        told = "; ".join(f"{reason} ({count:,})" for reason, count in reasons)
        none = f"None of the {self.n_combinations:,} combinations is possible"
        if self.n_combinations == 1:
            none = "This one combination is not possible"
        return f"{none}: {told}. Change one of these axes."

    @cached_property
    def entries(self) -> Entries:
        """What the axes hold; rows name them by place."""
        return entries_of(self.asked, list(self._running.by_program), self.snapshot)

    def rows(self, start: int, stop: int, tick: Callable[[], None] | None = None) -> Rows:
        """The stored columns of the plans ``start`` to ``stop`` (exclusive).

        ``tick`` is called between blocks of the engine's and may raise, to stop. IndexError for plans that there are
        not.
        """
        if not 0 <= start <= stop <= self.n_plans:
            raise IndexError(f"plans {start} to {stop} lie outside the sweep of {self.n_plans}")
        out = empty(stop - start)
        out["plan"][:] = np.arange(start, stop)
        at = 0
        for part, first, last in self._slices.between(start, stop):
            grid = self._slices.grid(part)
            target = {name: array[at : at + last - first] for name, array in out.items() if name != "plan"}
            self._evaluator.fill(grid, first, last, target, tick)
            at += last - first
        return out

    def verdicts(self, plans: Ints) -> Codes:
        """Verdicts of the plans of these numbers (ascending): codes into engine.verdict.VERDICTS."""
        return self._evaluator.verdicts(self._slices.places(plans))

    def share_that_runs(self, most: int) -> tuple[int, int]:
        """Of at most so many plans, chosen evenly: how many run, and how many were looked at."""
        plans = some(self.n_plans, most)
        return int(np.count_nonzero(self.verdicts(plans) <= OFFLOAD)), len(plans)

    def share_of_set_ups(self, most: int) -> tuple[int, int, int]:
        """Of at most so many set-ups (machine, model, KV format, context and users): plans in the lightest format

        that run, and in the next one that fit; how many set-ups were looked at; and how many there are.
        """
        lists = self._evaluator.lists
        lengths = (self.asked.n_machines, len(lists.models), len(lists.kv_formats), len(lists.contexts))
        n_all = prod(lengths)
        chosen = SetUps(*np.unravel_index(some(n_all, most), lengths))
        n_found = 0
        for formats, least in zip(self._rules.lightest(chosen), (OFFLOAD, FITS), strict=True):
            there = np.flatnonzero(formats != NONE)
            if there.size:
                here = SetUps(*(places[there] for places in chosen))
                verdicts = self._evaluator.verdicts(self._rules.plans(here, formats[there]))
                n_found += int(np.count_nonzero(verdicts <= least))
        return n_found, len(chosen.machine), n_all

    @cached_property
    def _rules(self) -> Rules:
        lists = self._evaluator.lists
        return Rules(
            runs=np.stack(list(self._running.by_program.values())),
            classes=self._class_of_machine,
            goes=self._possible.goes,
            n_workloads=self._possible.n_contexts * len(self.asked.users),
            weights_bytes=self.snapshot.tables.weights.total_bytes[np.ix_(lists.models, lists.formats)],
        )

    def question(self, plan: int) -> Question | None:
        """The form's question whose answer is this plan; ``None`` where the form would take another backend."""
        if not 0 <= plan < self.n_plans:
            raise IndexError(f"plan {plan} lies outside the sweep of {self.n_plans}")
        asked, n_users = self.asked, len(self.asked.users)
        places = [int(axis[0]) for axis in self._slices.places(np.array([plan]))]
        machine, model, fmt, kv_format, program, workload = places
        base, count = divmod(machine, len(asked.counts))
        found = asked.machines[base]
        row = list(self._running.by_program)[program]
        slug = self.snapshot.tables.runtimes.slug[row]
        if self._support.usual_backend[slug][found.host_class] != row:
            return None
        context = int(self._possible.contexts[workload // n_users])
        return Question(
            model=asked.models[model].slug,
            machine=found.question.machine,
            device=found.question.device,
            device_count=asked.counts[count],
            memory_gb=found.question.memory_gb,
            format=asked.formats[fmt].slug,
            kv_format=asked.kv_formats[kv_format].slug,
            runtime=slug,
            context_tokens=asked.contexts[context],
            concurrency=asked.users[workload % n_users],
            prompt_tokens=asked.prompts[context],
            output_tokens=asked.output_tokens,
        )

    @cached_property
    def _slices(self) -> Slices:
        by_program = dict(enumerate(self._running.by_program.values()))
        return Slices(
            by_program,
            self._class_of_machine,
            self._possible.goes,
            self._possible.n_contexts,
            len(self.asked.kv_formats),
            len(self.asked.users),
        )

    @cached_property
    def _evaluator(self) -> Evaluator:
        asked, tables = self.asked, self.snapshot.tables
        contexts, n_users = self._possible.contexts, len(asked.users)
        return Evaluator(
            Lists(
                machines=Specs(asked.machines, asked.counts),
                models=np.array([tables.model_row[m.slug] for m in asked.models]),
                formats=np.array([tables.format_row[f.slug] for f in asked.formats]),
                kv_formats=np.array([tables.kv_format_row[f.slug] for f in asked.kv_formats]),
                programs=np.array(list(self._running.by_program), dtype=np.int64),
                contexts=np.repeat(np.array(asked.contexts)[contexts], n_users),
                prompts=np.repeat(np.array(asked.prompts)[contexts], n_users),
                users=np.tile(np.array(asked.users), len(contexts)),
                output_tokens=asked.output_tokens,
            ),
            self._slices.reach,
            self.snapshot,
        )
