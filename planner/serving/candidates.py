"""What could serve the model: devices, how many together, programs and formats, as rows of the engine's tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hardware_catalog.rows import ModelRow
from hardware_catalog.tables import MachineSpec, device_link
from planner.engine.links import NO_LINK
from planner.engine.tables import Bools, Ints
from planner.plans.errors import PlanError
from planner.plans.machines import times
from planner.plans.offers import F16, NATIVE_GGUF, NATIVE_SLACK, SAME_AS_F16, ready_made
from planner.serving.questions import MOST_TOGETHER, ServingQuestion, head_count, is_server
from planner.snapshot import Snapshot
from planner.sweeps.grid.support import BaseMachine, Support, support

KINDS = ("gpu", "accelerator", "apple")
VENDORS = ("NVIDIA", "AMD", "Intel", "Apple")
# Programs that people serve with on the devices of a vendor, where none is named. llama.cpp and MLX stand back where
# servers run: measurements of them hold no prompts that are read while others write, so they would look too fast.
USUAL_RUNTIMES: Mapping[str, tuple[str, ...]] = {
    "vllm": ("NVIDIA", "AMD", "Intel"),
    "sglang": ("NVIDIA", "AMD"),
    "tensorrt-llm": ("NVIDIA",),
    "llama-cpp": ("Apple",),
    "mlx-lm": ("Apple",),
}
# numbers of devices for programs that give whole layers to each
LAYER_COUNTS = (1, 2, 4, 8)
# Family of files that servers read, "highly experimental and under-optimized"
# (https://docs.vllm.ai/en/latest/features/quantization/gguf.html): no part of "auto" there.
GGUF = "gguf"
# the widest format of "auto" where the native one's size is not known
WIDEST_BITS = 16.0


@dataclass(frozen=True, slots=True)
class Machine:
    """Equal devices working together as one instance."""

    spec: MachineSpec
    memory_gb: float  # of one device, as sold
    host_class: int  # see planner.sweeps.grid.support
    splits: bool  # a server can share every layer among them
    layers: bool  # whole layers can lie on each

    @property
    def count(self) -> int:
        return self.spec.device_count


@dataclass(frozen=True, slots=True)
class Candidates:
    """Machines, and candidates as one row number per axis; arrays of one length."""

    machines: tuple[Machine, ...]
    machine: Ints  # place in ``machines``
    format: Ints  # row of the table of formats
    program: Ints  # row of the table of runtimes

    def __len__(self) -> int:
        return len(self.machine)


def candidates(question: ServingQuestion, model: ModelRow, snapshot: Snapshot) -> Candidates:
    """Every set-up to look at. Raises ``PlanError`` where no program runs the format that was asked for anywhere."""
    known = support(snapshot)
    machines = tuple(_machines(question, head_count(model, snapshot), known, snapshot))
    rows = [np.zeros((3, 0), dtype=np.int64)]
    classes = np.array([machine.host_class for machine in machines], dtype=np.int64)
    splits = np.array([machine.splits for machine in machines], dtype=np.bool_)
    layers = np.array([machine.layers for machine in machines], dtype=np.bool_)
    vendors = np.array([machine.spec.device.vendor for machine in machines])
    formats = offered_formats(question, model, snapshot)
    for slug in (question.runtime,) if question.runtime else USUAL_RUNTIMES:
        able = splits if is_server(snapshot.runtimes[slug].kv_rule) else layers
        if not question.runtime:
            able = able & np.isin(vendors, USUAL_RUNTIMES[slug])
        usual = known.usual_backend[slug][classes]
        for program in np.unique(usual[usual >= 0]).tolist():
            taken = _runs(known, program, classes, formats)
            if question.format == "auto":
                taken &= ~_left_out(known, program, classes, formats, snapshot)
            places, chosen = np.nonzero(taken & (able & (usual == program))[:, None])
            rows.append(np.stack([places, formats[chosen], np.full(len(places), program)]))
    machine, weight_format, program_rows = np.concatenate(rows, axis=1)
    if not len(machine):
        raise PlanError(*_nothing(question, snapshot))
    return Candidates(machines, machine, weight_format, program_rows)


def _runs(known: Support, program: int, classes: Ints, formats: Ints) -> Bools:
    """Which of the formats the program runs on which machine."""
    return np.asarray(known.runs[program][classes][:, formats])


def _left_out(known: Support, program: int, classes: Ints, formats: Ints, snapshot: Snapshot) -> Bools:
    """What "auto" leaves out: F16 files where BF16 ones run, and files that a server reads as an experiment."""
    row = snapshot.tables.format_row
    twice = (formats == row[F16]) & known.runs[program][classes][:, [row[SAME_AS_F16]]]
    server = is_server(snapshot.runtimes[snapshot.tables.runtimes.slug[program]].kv_rule)
    is_gguf = np.array([snapshot.formats[snapshot.tables.formats.slug[i]].family == GGUF for i in formats])
    return np.asarray(twice | (is_gguf & server))


def _nothing(question: ServingQuestion, snapshot: Snapshot) -> tuple[str, str]:
    """The field that leaves no candidate, and why."""
    if question.device:
        name = snapshot.devices[question.device].name
        if question.device_count and question.device_count > 1:
            return "device_count", f"No source states how several {name} work together. Ask for 1."
        return "device", f"No program of the catalog serves this on {name}. Choose another device or program."
    if question.runtime:
        name = snapshot.runtimes[question.runtime].name
        return (
            "runtime",
            f"{name} runs no such format on any device that is looked at. Choose another program.",
        )
    return "format", "No program runs this format on any device that is looked at. Choose another."


def offered_formats(question: ServingQuestion, model: ModelRow, snapshot: Snapshot) -> Ints:
    """Rows of the formats to look at: the asked one, or what is found ready made between two widths."""
    rows = snapshot.tables.format_row
    if question.format != "auto":
        return np.array([rows[question.format]], dtype=np.int64)
    known = (slug for slug in ready_made(model.native_format) if slug in rows)
    found = np.array(sorted(rows[slug] for slug in known), dtype=np.int64)
    bits = bits_per_weight(model, found, snapshot)
    native = [rows[s] for s in (model.native_format, NATIVE_GGUF.get(model.native_format, "")) if s in rows]
    widths = bits_per_weight(model, np.array(native, dtype=np.int64), snapshot)
    widest = max((w for w in widths.tolist() if math.isfinite(w)), default=WIDEST_BITS) * NATIVE_SLACK
    found = found[(bits >= question.least_bits) & (bits <= widest)]
    if not len(found):
        raise PlanError(
            "least_bits",
            f"{model.name} is published in {widest / NATIVE_SLACK:.3g} bits a weight: ask for no more than that.",
        )
    return found


def bits_per_weight(model: ModelRow, formats: Ints, snapshot: Snapshot) -> np.ndarray:
    """Average bits of a weight of the model in each of the formats; nan where not known."""
    tables, row = snapshot.tables, snapshot.tables.model_row[model.slug]
    found: np.ndarray = tables.weights.total_bytes[row, formats] * 8.0 / tables.models.n_parameters[row]
    return found


def _machines(question: ServingQuestion, heads: int, known: Support, snapshot: Snapshot) -> Iterator[Machine]:
    for base in _bases(question, known, snapshot):
        device = base.planned.spec.device
        alone = device.unified_memory or device.form_factor == "laptop"
        kind, rate = device_link(device)
        linked = kind != NO_LINK and rate is not None
        for count in _counts(question, alone):
            splits = heads % count == 0 and (count == 1 or linked)
            layers = count in LAYER_COUNTS or question.device_count is not None
            if splits or layers:
                spec = times(base.planned, count).spec
                yield Machine(spec, base.question.memory_gb or 0.0, base.host_class, splits, layers)


def _bases(question: ServingQuestion, known: Support, snapshot: Snapshot) -> Iterator[BaseMachine]:
    for slug, sizes in known.devices.items():
        device = snapshot.devices[slug]
        named = slug == question.device
        usual = not question.device and device.kind in KINDS and device.vendor in VENDORS
        if named or usual:
            wanted = question.memory_gb if named else None
            yield from (base for base in sizes if wanted is None or base.question.memory_gb == wanted)


def _counts(question: ServingQuestion, alone: bool) -> Sequence[int]:
    most = min(question.most_devices, 1 if alone else MOST_TOGETHER)
    if question.device_count is not None:
        return (question.device_count,) if question.device_count <= most else ()
    return range(1, most + 1)
