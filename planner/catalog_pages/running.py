"""What runs on a machine, and where a model runs: brief answers for everything that is well known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from planner.catalog_pages import well_known
from planner.catalog_pages.caching import per_snapshot
from planner.catalog_pages.models import lines as model_lines
from planner.figures import NBSP, billions
from planner.plans.errors import PlanError
from planner.plans.querystring import question_query
from planner.plans.questions import Question
from planner.plans.summaries import Summary, summaries
from planner.snapshot import Snapshot

# tables kept for each snapshot: about 15 kB each
REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class RunLine:
    """A model on the page's machine, or a machine with the page's model."""

    name: str
    detail: str
    query: str  # of the whole answer
    summary: Summary | None
    reason: str  # why there is no answer; "" where there is one


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Lines under one heading ("" where there is but one group)."""

    heading: str
    lines: tuple[RunLine, ...]


class Running:
    """The tables of one snapshot, each worked out when it is first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.models_on = lru_cache(maxsize=REMEMBERED)(self._models_on)
        self.machines_for = lru_cache(maxsize=REMEMBERED)(self._machines_for)

    def _models_on(self, machine: Question) -> tuple[RunGroup, ...]:
        """Well-known models on the machine that the question names (its model is not looked at)."""
        models = [known for slug in well_known.MODELS if (known := model_lines(self._snapshot).get(slug))]
        labels = [(model.row.name, f"{billions(model.parameters)}{NBSP}B") for model in models]
        questions = [replace(machine, model=model.row.slug) for model in models]
        return (RunGroup("", self._answered(labels, questions)),)

    def _machines_for(self, model: str) -> tuple[RunGroup, ...]:
        """Well-known machines with the model of this slug."""
        known = self._snapshot.machines
        groups = [
            (heading, [known[slug] for slug in slugs if slug in known])
            for heading, slugs in well_known.MACHINES
        ]
        machines = [machine for _, found in groups for machine in found]
        answered = self._answered(
            [(machine.name, "") for machine in machines],
            [Question(model=model, machine=machine.slug) for machine in machines],
        )
        found_groups, first = [], 0
        for heading, found in groups:
            found_groups.append(RunGroup(heading, answered[first : first + len(found)]))
            first += len(found)
        return tuple(found_groups)

    def _answered(
        self, labels: Sequence[tuple[str, str]], questions: Sequence[Question]
    ) -> tuple[RunLine, ...]:
        return tuple(
            RunLine(
                name=name,
                detail=detail,
                query=question_query(question),
                summary=None if isinstance(found, PlanError) else found,
                reason=found.message if isinstance(found, PlanError) else "",
            )
            for (name, detail), question, found in zip(
                labels, questions, summaries(questions, self._snapshot), strict=True
            )
        )


running = per_snapshot(Running)
