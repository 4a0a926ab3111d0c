"""What runs where, for the whole catalog at once: made once for a snapshot, by the rules that answer one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hardware_catalog.rows import DeviceRow
from hardware_catalog.support import runs_on, takes
from planner.catalog_pages.caching import per_snapshot
from planner.plans.machines import PlannedMachine, planned_machine
from planner.plans.offers import backends_on, by_preference, is_for_the_usual
from planner.plans.questions import Question
from planner.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# in the place of a program: there is none
NONE = -1


@dataclass(frozen=True, slots=True)
class BaseMachine:
    """A preset as it is sold, or a device with one of its memory sizes."""

    question: Question  # that asks for it, without a model
    planned: PlannedMachine
    category: str  # of the preset; the device's kind for a device
    host_class: int  # machines of one class run the same programs and formats


@dataclass(frozen=True, slots=True)
class Support:
    """Programs (rows of the runtime table) by class of machines, and the machines themselves."""

    presets: Mapping[str, BaseMachine]  # by slug
    devices: Mapping[
        str, tuple[BaseMachine, ...]
    ]  # by slug: one for each memory size; () where none is stated
    runs: Bools  # [programs, classes, formats]
    is_there: Bools  # [programs, classes]: some format runs by it
    usual_backend: Mapping[str, Ints]  # by runtime: [classes], the program that the form takes, or NONE
    usual: Ints  # [classes, formats]: the program that the form takes where none is asked for; it may not run


@per_snapshot
def support(snapshot: Snapshot) -> Support:
    """The support of a snapshot's programs on its machines."""
    found = _Machines(snapshot)
    presets = {slug: found.preset(slug) for slug in snapshot.machines}
    devices = {slug: found.sizes(device) for slug, device in snapshot.devices.items()}
    classes = found.classes
    runs, is_there = _runs(classes, snapshot)
    backends = _usual_backends(classes, snapshot)
    return Support(
        presets=presets,
        devices=devices,
        runs=runs,
        is_there=is_there,
        usual_backend=backends,
        usual=_usual(backends, runs, snapshot),
    )


class _Machines:
    """Makes base machines and sorts them into classes by all that the rules read of a machine."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._places: dict[tuple[object, ...], int] = {}
        self.classes: list[PlannedMachine] = []  # one machine of each

    def preset(self, slug: str) -> BaseMachine:
        return self._base(Question(model="", machine=slug), self._snapshot.machines[slug].category)

    def sizes(self, device: DeviceRow) -> tuple[BaseMachine, ...]:
        return tuple(
            self._base(Question(model="", device=device.slug, memory_gb=size), device.kind)
            for size in device.memory_options_gb
        )

    def _base(self, question: Question, category: str) -> BaseMachine:
        planned = planned_machine(question, self._snapshot)
        device = planned.spec.device
        key = (
            *(device.vendor, device.architecture, device.kind, planned.operating_system),
            *(device.unified_memory, device.fp16_flops_per_s is None),
        )
        place = self._places.setdefault(key, len(self.classes))
        if place == len(self.classes):
            self.classes.append(planned)
        return BaseMachine(question, planned, category, place)


def _runs(classes: Sequence[PlannedMachine], snapshot: Snapshot) -> tuple[Bools, Bools]:
    """Which program runs which format on which class, and on which class at all."""
    formats = snapshot.rows.formats
    programs = snapshot.tables.runtime_row
    runs = np.zeros((len(programs), len(classes), len(formats)), dtype=np.bool_)
    is_there = np.zeros((len(programs), len(classes)), dtype=np.bool_)
    for runtime in snapshot.rows.runtimes:
        for rule in runtime.supports:
            program = programs[runtime.slug, rule["backend"]]
            on = np.array([runs_on(rule, c.spec.device, c.operating_system) for c in classes], dtype=np.bool_)
            taken = np.array([takes(rule, f) for f in formats], dtype=np.bool_)
            runs[program] |= on[:, None] & taken
            is_there[program] |= on
    return runs, is_there


def _usual_backends(classes: Sequence[PlannedMachine], snapshot: Snapshot) -> dict[str, Ints]:
    programs = snapshot.tables.runtime_row
    found = {}
    for runtime in snapshot.rows.runtimes:
        backends = (backends_on(runtime, machine) for machine in classes)
        found[runtime.slug] = np.array(
            [programs[runtime.slug, able[0]] if able else NONE for able in backends], dtype=np.int64
        )
    return found


def _usual(backends: Mapping[str, Ints], runs: Bools, snapshot: Snapshot) -> Ints:
    """What the form takes: the usual runtime, or the first that is able, on the backend that is usual there."""
    ordered = by_preference(snapshot.rows.runtimes)
    programs = snapshot.tables.runtime_row
    able = np.stack(
        [np.any([runs[programs[r.slug, b]] for b in r.backends], axis=0) for r in ordered]
    )  # [runtimes, classes, formats]
    chosen = np.where(able.any(axis=0), able.argmax(axis=0), 0)
    for_usual = np.array([is_for_the_usual(f) for f in snapshot.rows.formats])
    chosen[:, for_usual] = 0
    by_runtime = np.stack([backends[r.slug] for r in ordered])
    return by_runtime[chosen, np.arange(by_runtime.shape[1])[:, None]]
