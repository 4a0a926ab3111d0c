"""From a plan of a sweep to the page that answers it alone: the same question, asked of the catalog as it is today."""

from __future__ import annotations

import threading
from collections import OrderedDict
from uuid import UUID

from planner.pinning.pinned import CannotRebuild, pinned
from planner.plans.querystring import question_query
from planner.sweeps.definition import DefinitionError, of_json
from planner.sweeps.grid.sweep_grid import SweepGrid
from planner.sweeps.models import Sweep

# grids that a process keeps at hand
HELD = 4


class _Held:
    lock = threading.Lock()
    grids: OrderedDict[UUID, SweepGrid | None] = OrderedDict()


def plan_query(sweep: Sweep, plan: int) -> str:
    """The query string of the plan in the form; "" where the form cannot ask it."""
    grid = _grid(sweep)
    question = grid.question(plan) if grid is not None else None
    return question_query(question) if question is not None else ""


def _grid(sweep: Sweep) -> SweepGrid | None:
    """The sweep's grid; ``None`` where this program can no longer lay it out as it was."""
    with _Held.lock:
        if sweep.pk not in _Held.grids:
            _Held.grids[sweep.pk] = _built(sweep)
            while len(_Held.grids) > HELD:
                _Held.grids.popitem(last=False)
        _Held.grids.move_to_end(sweep.pk)
        return _Held.grids[sweep.pk]


def _built(sweep: Sweep) -> SweepGrid | None:
    try:
        grid = SweepGrid.build(of_json(sweep.definition), pinned(sweep.snapshot.sha256))
    except (CannotRebuild, DefinitionError):
        return None
    return grid if grid.n_plans == sweep.n_plans else None
