"""The set-ups that hold the load, in the order of their price, with what a person reads of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from planner.engine.boxes import cutter
from planner.engine.grid import Axes, Grid
from planner.engine.speed import Coefficients, SpeedInputs
from planner.engine.tables import Bools, Ints
from planner.engine.verdict import VERDICTS
from planner.plans.answer import Interval
from planner.plans.explain import what_binds
from planner.plans.questions import Question
from planner.serving.sizing import BREAKS, Sizing

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SetUp:
    """Equal instances of a model side by side, under the load that was asked for. Bytes, ms, tokens/s, US dollars."""

    device: str  # slug
    device_name: str
    memory_gb: float  # of one device
    carried_by: str  # products that the device is in
    devices_per_instance: int
    replicas: int
    runtime: str
    runtime_name: str
    backend: str
    format: str
    format_name: str
    bits_per_weight: float
    verdict: str  # of the memory of one instance
    sure: bool  # both limits hold even at the far ends of the 90 % intervals, and the memory fits with its margin
    concurrency: int  # conversations at once of one instance
    decode_tps: Interval  # of one conversation
    tpot_ms: Interval
    ttft_ms: Interval
    total_tps: float  # over all instances, as fast as they write with that many conversations
    need_bytes: float  # of one instance
    limit_bytes: float
    most_concurrency: int  # conversations at once of one instance within both limits and the memory
    most_load: float  # of all instances: people at once, or requests a second
    breaks: (
        str  # what gives way beyond that: "memory" | "tpot" | "ttft" | "": nothing up to the most looked at
    )
    headroom: float  # share of the asked load that could come on top
    limited_by: str  # the largest part of the time of a token
    price_usd: float | None  # launch price of all devices
    others: int  # further set-ups of the same device that hold the load

    @property
    def devices(self) -> int:
        """Devices of all instances."""
        return self.devices_per_instance * self.replicas

    @property
    def name(self) -> str:
        """What one buys: "2 × NVIDIA GeForce RTX 5090"; the memory where the device comes with several."""
        return f"{self.devices} × {self.device_name}" if self.devices > 1 else self.device_name


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best set-up of each device, or every one; numbers of set-ups in the sizing, best first."""

    priced: Ints
    unpriced: Ints
    others: Ints  # by number of set-up: how many more of its device there are


def ranking(sizing: Sizing, *, every: bool = False) -> Ranking:
    """The cheapest first; among equals what is surer, then wider, smaller and with more room.

    Those without a price stand apart: the fewest devices first.
    """
    price, devices = sizing.price_usd, sizing.devices
    room = sizing.most_load
    order = np.lexsort((-room, devices, -sizing.bits, ~sizing.sure, price))
    known = np.isfinite(price[order])
    priced, rest = order[known], order[~known]
    unpriced = rest[np.lexsort((-room[rest], -sizing.bits[rest], ~sizing.sure[rest], devices[rest]))]
    machine = sizing.found.machine[sizing.which]
    kinds = {slug: i for i, slug in enumerate({m.spec.slug for m in sizing.found.machines})}
    kind_of_machine = np.array([kinds[m.spec.slug] for m in sizing.found.machines], dtype=np.int64)
    device = kind_of_machine[machine]
    if every:
        return Ranking(priced, unpriced, np.zeros(len(sizing), dtype=np.int64))
    others = np.bincount(device, minlength=len(kinds))[device] - 1
    return Ranking(_first_of_each(priced, device), _first_of_each(unpriced, device), others)


def _first_of_each(order: Ints, kind: Ints) -> Ints:
    """The first set-up of each kind, in the given order."""
    _, first = np.unique(kind[order], return_index=True)
    return np.asarray(order[np.sort(first)])


def shown(sizing: Sizing, ranked: Ranking, numbers: Ints) -> tuple[SetUp, ...]:
    """Some of the ranked set-ups."""
    return tuple(_set_up(sizing, ranked, int(number)) for number in numbers)


def _set_up(sizing: Sizing, ranked: Ranking, number: int) -> SetUp:
    candidate, snapshot, columns = int(sizing.which[number]), sizing.snapshot, sizing.columns
    machine = sizing.found.machines[int(sizing.found.machine[candidate])]
    device, program = machine.spec.device, int(sizing.found.program[candidate])
    tables = snapshot.tables
    runtime = snapshot.runtimes[tables.runtimes.slug[program]]
    weight_format = snapshot.formats[tables.formats.slug[int(sizing.found.format[candidate])]]
    replicas, sequences = int(sizing.replicas[number]), int(sizing.sequences[number])
    decode = _interval(sizing, "decode_tps", number)
    verdict = VERDICTS[int(columns["verdict"][number])]
    price = float(sizing.price_usd[number])
    asked = sizing.question.requests_per_s
    total = decode.value * sequences * replicas if asked is None else asked * sizing.question.output_tokens
    return SetUp(
        device=device.slug,
        device_name=device.name,
        memory_gb=machine.memory_gb,
        carried_by=device.carried_by,
        devices_per_instance=machine.count,
        replicas=replicas,
        runtime=runtime.slug,
        runtime_name=runtime.name,
        backend=tables.runtimes.backend[program],
        format=weight_format.slug,
        format_name=weight_format.name,
        bits_per_weight=float(sizing.bits[number]),
        verdict=verdict,
        sure=bool(sizing.sure[number]),
        concurrency=sequences,
        decode_tps=decode,
        tpot_ms=Interval(1e3 / decode.value, 1e3 / decode.high, 1e3 / decode.low),
        ttft_ms=_interval(sizing, "ttft_ms", number),
        total_tps=total,
        need_bytes=float(columns["need_bytes"][number]),
        limit_bytes=float(columns["limit_bytes"][number]),
        most_concurrency=int(sizing.most_sequences[number]),
        most_load=float(sizing.most_load[number]),
        breaks=BREAKS[int(sizing.breaks[number])],
        headroom=max(float(sizing.most_load[number]) / sizing.question.load - 1.0, 0.0),
        limited_by=_limited_by(sizing, candidate, sequences, verdict),
        price_usd=price if math.isfinite(price) else None,
        others=int(ranked.others[number]),
    )


def _interval(sizing: Sizing, name: str, number: int) -> Interval:
    return Interval(*(float(sizing.columns[f"{name}{end}"][number]) for end in ("", "_low", "_high")))


def _limited_by(sizing: Sizing, candidate: int, sequences: int, verdict: str) -> str:
    rows = sizing.evaluator.rows(np.array([candidate]), np.array([sequences]))
    _, part = sizing.evaluator.engine.few(Grid(Axes(*rows)))
    x, c = part.speed.taken(cutter(tuple(slice(0, 1) for _ in part.shape), part.shape))
    inputs = SpeedInputs(*(getattr(x, f.name).reshape(-1) for f in fields(x)))
    coefficients = Coefficients(*(getattr(c, f.name).reshape(-1) for f in fields(c)))
    return what_binds((inputs, coefficients), verdict)


def plan_question(sizing: Sizing, found: SetUp) -> Question:
    """The plan of one instance under its share of the load, as the pages and POST /api/v1/plans/ ask for it."""
    asked = sizing.question
    return Question(
        model=asked.model,
        device=found.device,
        device_count=found.devices_per_instance,
        memory_gb=found.memory_gb,
        format=found.format,
        kv_format=asked.kv_format,
        runtime=found.runtime,
        context_tokens=asked.context_tokens,
        concurrency=found.concurrency,
        prompt_tokens=asked.prompt_tokens,
        output_tokens=asked.output_tokens,
    )


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One instance, or all of them, with so many conversations each."""

    concurrency: int  # of one instance
    tpot_ms: float
    ttft_ms: float
    total_tps: float  # over all instances
    holds: bool  # within both limits


def curves(sizing: Sizing, numbers: Ints) -> list[tuple[CurvePoint, ...]]:
    """Throughput against latency of some set-ups, as far as the memory goes: powers of two and the most that holds."""
    which = sizing.which[numbers]
    steps = [2**k for k in range(len(sizing.evaluator.tables.workloads).bit_length())]
    grid = np.array([[*steps, int(most)] for most in sizing.most_sequences[numbers]], dtype=np.int64)
    columns = sizing.evaluator.at(np.repeat(which, grid.shape[1]), grid.reshape(-1))
    tps, ttft, code = (columns[name].reshape(grid.shape) for name in ("decode_tps", "ttft_ms", "verdict"))
    fits: Bools = code <= VERDICTS.index("tight")
    found = []
    for i, number in enumerate(numbers.tolist()):
        replicas, most = int(sizing.replicas[number]), int(sizing.most_sequences[number])
        places = sorted({int(n): j for j, n in enumerate(grid[i]) if fits[i, j]}.items())
        found.append(tuple(_points(tps[i], ttft[i], places, replicas, most)))
    return found


def _points(
    tps: np.ndarray, ttft: np.ndarray, places: list[tuple[int, int]], replicas: int, most: int
) -> Iterator[CurvePoint]:
    for n, j in places:
        each = float(tps[j])
        yield CurvePoint(n, 1e3 / each, float(ttft[j]), each * n * replicas, n <= most)
