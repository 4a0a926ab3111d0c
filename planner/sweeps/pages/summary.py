"""What a question comes to, before anything is started: plans, what is left out, rows, time and size."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal

from planner.snapshot import Snapshot
from planner.sweeps.definition import Definition, DefinitionError, as_json
from planner.sweeps.grid.estimate import Estimate, estimate
from planner.sweeps.grid.sweep_grid import SweepGrid
from planner.sweeps.pages import words
from planner.sweeps.pages.form import SweepForm

# questions that a process remembers: those that people go back and forth between while defining
HELD = 16


@dataclass(frozen=True, slots=True)
class Counted:
    """A question's size. ``pruned``: combinations that cannot be, by reason."""

    n_plans: int
    pruned: tuple[tuple[str, int], ...]
    estimates: Mapping[str, Estimate]  # by what is kept

    @property
    def n_pruned(self) -> int:
        return sum(number for _, number in self.pruned)


class _Held:
    lock = Lock()
    counted: OrderedDict[tuple[str, str], Counted | DefinitionError] = OrderedDict()


def counted(definition: Definition, snapshot: Snapshot) -> Counted:
    """Count a question, whatever it keeps. Raises ``DefinitionError`` with everything that is wrong with it."""
    definition = replace(definition, keep="all")
    key = (snapshot.sha256, json.dumps(as_json(definition), sort_keys=True))
    with _Held.lock:
        found = _Held.counted.get(key)
    if found is None:
        try:
            found = _count(definition, snapshot)
        except DefinitionError as error:
            found = error
        with _Held.lock:
            _Held.counted[key] = found
            while len(_Held.counted) > HELD:
                _Held.counted.popitem(last=False)
    if isinstance(found, DefinitionError):
        raise found
    return found


def _count(definition: Definition, snapshot: Snapshot) -> Counted:
    grid = SweepGrid.build(definition, snapshot)
    keeps: tuple[Literal["all", "running", "best"], ...] = ("all", "running", "best")
    estimates: dict[str, Estimate] = {keep: estimate(grid, replace(definition, keep=keep)) for keep in keeps}
    return Counted(grid.n_plans, grid.pruned, estimates)


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands beside the form: a count, or what is missing, or what is wrong."""

    counted: Counted | None
    missing: tuple[str, ...]
    reasons: tuple[tuple[str, str, str], ...]
    keep: str

    @property
    def estimate(self) -> Estimate | None:
        """What is chosen takes."""
        return self.counted.estimates.get(self.keep) if self.counted else None

    @property
    def sentence(self) -> str:
        """The same in one sentence, for those who hear the page."""
        if self.counted is not None and self.estimate is not None:
            plans = words.counted(self.counted.n_plans, "plan", "plans")
            return f"{plans}, {words.about_seconds(self.estimate.seconds)}."
        return "This cannot be counted yet." if self.reasons else " ".join(self.missing)


def summary(form: SweepForm) -> Summary:
    """Count what the form asks; what the grid refuses is said beside the form's fields."""
    found = None
    if form.is_valid() and not form.is_wrong and not form.missing:
        try:
            found = counted(form.definition(), form.snapshot)
        except DefinitionError as error:
            form.refuse(error)
    missing = tuple(text for _, text in form.missing)
    return Summary(found, missing, tuple(form.reasons), form.text("keep"))
