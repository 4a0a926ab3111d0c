"""Which program runs what where, for the axes of one sweep, and why it does not where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hardware_catalog.rows import FormatRow
from planner.plans.offers import F16, SAME_AS_F16
from planner.snapshot import Snapshot
from planner.sweeps.grid.axes import Asked, Program
from planner.sweeps.grid.support import NONE, Bools, Ints, Support

NOT_THERE = "the program does not run on the machine"
NOT_THIS_FORMAT = "the program does not run the format on the machine"
NOT_USUAL = "the usual program does not run the format on the machine"
TWICE = "the same program on the same backend is chosen twice"
SAME_WIDTH = "F16 files: BF16 files of the same size run there"
REASONS = (NOT_THERE, NOT_THIS_FORMAT, NOT_USUAL, TWICE, SAME_WIDTH)


@dataclass(frozen=True, slots=True)
class Running:
    """What runs, by class of machines in use and format of the sweep."""

    by_program: Mapping[int, Bools]  # program: [classes, formats]; each plan is of one program
    machines_of_format: tuple[int, ...]  # pairs of machine and program that run each format
    refused: Mapping[str, int]  # triples of machine, format and chosen program that cannot be, by reason


def running(asked: Asked, classes: Ints, n_machines: Ints, known: Support, snapshot: Snapshot) -> Running:
    """``classes``: those in use; ``n_machines``: how many machines each has."""
    formats = np.array([snapshot.tables.format_row[f.slug] for f in asked.formats])
    by_program: dict[int, Bools] = {}
    refused = dict.fromkeys(REASONS, 0)

    def refuse(reason: str, where: Bools) -> None:
        refused[reason] += int(n_machines @ where.sum(axis=1))

    for choice in asked.programs:
        chosen = _chosen(choice, known, snapshot)[classes]
        chosen = chosen[:, formats] if chosen.ndim == 2 else np.repeat(chosen[:, None], len(formats), axis=1)
        there = chosen != NONE
        refuse(NOT_THERE, ~there)
        runs = there & known.runs[chosen, classes[:, None], formats]
        refuse(NOT_THIS_FORMAT if choice.runtime else NOT_USUAL, there & ~runs)
        if asked.formats_are_common:
            same = _same_width(asked.formats, chosen, classes, known, snapshot) & runs
            refuse(SAME_WIDTH, same)
            runs &= ~same
        for program in np.unique(chosen[runs]).tolist():
            found = runs & (chosen == program)
            before = by_program.setdefault(program, np.zeros_like(found))
            refuse(TWICE, found & before)
            before |= found
    of_format = sum((n_machines @ runs for runs in by_program.values()), np.zeros(len(formats), np.int64))
    return Running(by_program, tuple(of_format.tolist()), refused)


def _chosen(choice: Program, known: Support, snapshot: Snapshot) -> Ints:
    """The program that a choice means: [classes], or [classes, formats] where it depends on the format."""
    if not choice.runtime:
        return known.usual
    if not choice.backend:
        return known.usual_backend[choice.runtime]
    program = snapshot.tables.runtime_row[choice.runtime, choice.backend]
    return np.where(known.is_there[program], program, NONE)


def _same_width(
    formats: Sequence[FormatRow], chosen: Ints, classes: Ints, known: Support, snapshot: Snapshot
) -> Bools:
    """F16, where the same program runs BF16."""
    is_f16 = np.array([f.slug == F16 for f in formats])
    other = snapshot.tables.format_row[SAME_AS_F16]
    return np.asarray(is_f16 & (chosen != NONE) & known.runs[chosen, classes[:, None], other])
