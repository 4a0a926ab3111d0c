"""What a question comes to, before anything is started: plans, what is left out, rows, time and size."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from planner.snapshot import Snapshot
from planner.sweeps.definition import KEEP, Definition, DefinitionError, as_json
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
    left_out: tuple[str, ...]  # sentences on entries that filters could not judge
    estimate: Estimate

    @property
    def n_pruned(self) -> int:
        return sum(number for _, number in self.pruned)

    @property
    def sentence(self) -> str:
        """The count in one sentence, to be said aloud."""
        return (
            f"{words.counted(self.n_plans, 'plan', 'plans')}, {words.about_seconds(self.estimate.seconds)}."
        )


class _Held:
    lock = Lock()
    counted: OrderedDict[tuple[str, str], Counted | DefinitionError] = OrderedDict()


def counted(definition: Definition, snapshot: Snapshot) -> Counted:
    """Count a question. Raises ``DefinitionError`` with everything that is wrong with it."""
    key = (snapshot.sha256, json.dumps(as_json(definition), sort_keys=True))
    with _Held.lock:
        found = _Held.counted.get(key)
    if found is None:
        try:
            grid = SweepGrid.build(definition, snapshot)
            found = Counted(grid.n_plans, grid.pruned, grid.left_out, estimate(grid, definition))
        except DefinitionError as error:
            found = error
        with _Held.lock:
            _Held.counted[key] = found
            while len(_Held.counted) > HELD:
                _Held.counted.popitem(last=False)
    if isinstance(found, DefinitionError):
        raise found
    return found


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands beside the form: a count, or what is missing, or what is wrong."""

    counted: Counted | None
    missing: tuple[str, ...]
    reasons: tuple[tuple[str, str, str], ...]
    keep: str

    @property
    def sentence(self) -> str:
        """The same in one sentence, for those who hear the page."""
        if self.counted is not None:
            return self.counted.sentence
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
    return Summary(found, missing, tuple(form.reasons), keep_words(form.text("keep")))


def keep_words(keep: str) -> str:
    """What is kept, in words."""
    found: Mapping[str, str] = KEEP
    return found.get(keep, "")
