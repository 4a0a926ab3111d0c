"""Size a service: which candidates hold the load within its limits, with how many instances, and what breaks first.

Symbols:
  B     conversations at once of one instance        B_most  the largest B within both limits and the memory
  TTFT  time to the first token, s                   TPOT    time per token of one conversation after it, s
  O     tokens of an answer                          X(B)    requests that one instance answers in a second

Little's law (https://doi.org/10.1287/opre.9.3.383): B = X * (time of one request), here X(B) = B / (TTFT + O * TPOT).
The need of memory, TPOT and TTFT never fall as B grows, and X never falls either: both ends are found by halving.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hardware_catalog.rows import ModelRow
from planner.engine.columns import Columns
from planner.engine.tables import Bools, Floats, Ints
from planner.engine.verdict import FITS, TIGHT
from planner.serving.candidates import Candidates, bits_per_weight, candidates
from planner.serving.evaluation import MOST_SEQUENCES, Evaluator
from planner.serving.questions import ServingQuestion, check
from planner.snapshot import Snapshot, current

# What can break, in the order in which it is named where several do at once; "": nothing up to the most.
MEMORY, TPOT, TTFT, NOTHING = "memory", "tpot", "ttft", ""
BREAKS = (NOTHING, MEMORY, TPOT, TTFT)
# Why a candidate is out: it breaks with one conversation; its speed is unknown; it would need too many devices.
UNKNOWN, DEVICES = "unknown", "devices"
REASONS = (MEMORY, TPOT, TTFT, UNKNOWN, DEVICES)
# a load that is a whole number of instances' most takes so many, whatever the last digit says
SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Sizing:
    """The candidates that hold the load; arrays of one length, in no order."""

    question: ServingQuestion
    model: ModelRow
    snapshot: Snapshot
    found: Candidates
    evaluator: Evaluator
    which: Ints  # their numbers in ``found``
    sequences: Ints  # conversations of one instance under the load
    columns: Columns  # of one instance under the load
    most_sequences: Ints  # the most that one instance holds
    most_load: Floats  # of all instances: people at once, or requests a second
    breaks: Ints  # number in BREAKS: what gives way beyond that
    replicas: Ints
    price_usd: Floats  # launch price of all devices; nan: no source states it
    bits: Floats  # a weight
    refused: dict[str, int]  # candidates that do not hold it, by reason
    best_tpot_ms: float  # of one conversation, over all candidates that it fits; nan: none
    best_ttft_ms: float

    def __len__(self) -> int:
        return len(self.which)

    @property
    def devices(self) -> Ints:
        """Devices of all instances."""
        counts = np.array([machine.count for machine in self.found.machines], dtype=np.int64)
        return np.asarray(counts[self.found.machine[self.which]] * self.replicas)

    @property
    def sure(self) -> Bools:
        """Whether even the far ends of the 90 % intervals keep both limits, and the memory fits with its margin."""
        tpot = tpot_ms(self.columns, "_low") <= self.question.tpot_ms
        ttft = self.columns["ttft_ms_high"] <= self.question.ttft_ms
        return np.asarray(tpot & ttft & (self.columns["verdict"] == FITS))


class _Most(NamedTuple):
    sequences: Ints
    breaks: Ints


def size(question: ServingQuestion, snapshot: Snapshot | None = None) -> Sizing:
    """Size the service. Raises ``PlanError`` for an impossible question."""
    snapshot = snapshot or current()
    model = check(question, snapshot)
    found = candidates(question, model, snapshot)
    evaluator = Evaluator(question, found, snapshot)
    everyone = np.arange(len(found), dtype=np.int64)
    alone = evaluator.at(everyone, np.ones_like(everyone))
    broken, known = _broken(question, alone), np.isfinite(tpot_ms(alone)) & np.isfinite(alone["ttft_ms"])
    refused = {BREAKS[i]: int(np.count_nonzero(known & (broken == i))) for i in range(1, len(BREAKS))}
    refused[UNKNOWN] = int(np.count_nonzero(~known))
    able = everyone[known & (broken == 0)]
    most = _most(question, evaluator, able)
    carried = _carried(question, evaluator, able, most.sequences)
    replicas = np.ceil(question.load / carried - SLACK).clip(1).astype(np.int64)
    counts = np.array([machine.count for machine in found.machines], dtype=np.int64)[found.machine[able]]
    within = replicas * counts <= question.most_devices
    refused[DEVICES] = int(np.count_nonzero(~within))
    kept, replicas = able[within], replicas[within]
    sequences = _sequences(question, evaluator, kept, replicas, most.sequences[within])
    fits = alone["verdict"] <= TIGHT
    return Sizing(
        question=question,
        model=model,
        snapshot=snapshot,
        found=found,
        evaluator=evaluator,
        which=kept,
        sequences=sequences,
        columns=evaluator.at(kept, sequences),
        most_sequences=most.sequences[within],
        most_load=carried[within] * replicas,
        breaks=most.breaks[within],
        replicas=replicas,
        price_usd=_prices(found)[found.machine[kept]] * replicas,
        bits=bits_per_weight(model, found.format[kept], snapshot),
        refused=refused,
        best_tpot_ms=_least(tpot_ms(alone)[fits]),
        best_ttft_ms=_least(alone["ttft_ms"][fits]),
    )


def tpot_ms(columns: Columns, end: str = "") -> Floats:
    """Milliseconds per token of one conversation; ``end``: of the decode speed's interval."""
    return np.asarray(1e3 / columns[f"decode_tps{end}"])


def requests_per_s(question: ServingQuestion, columns: Columns, sequences: Ints) -> Floats:
    """Requests that one instance answers in a second with so many conversations at once (Little's law)."""
    request_s = (columns["ttft_ms"] + question.output_tokens * tpot_ms(columns)) / 1e3
    return np.asarray(sequences / request_s)


def _broken(question: ServingQuestion, columns: Columns) -> Ints:
    """What does not hold, as a number in BREAKS; a speed that is not known does not hold."""
    reasons = [
        columns["verdict"] > TIGHT,
        ~(tpot_ms(columns) <= question.tpot_ms),
        ~(columns["ttft_ms"] <= question.ttft_ms),
    ]
    return np.select(reasons, range(1, len(BREAKS)), 0).astype(np.int64)


def _most(question: ServingQuestion, evaluator: Evaluator, which: Ints) -> _Most:
    """The most conversations that candidates hold which hold one, and what gives way at one more."""
    breaks = np.zeros_like(which)

    def holds(places: Ints, sequences: Ints) -> Bools:
        broken = _broken(question, evaluator.at(which[places], sequences))
        breaks[places[broken > 0]] = broken[broken > 0]
        return np.asarray(broken == 0)

    return _Most(_last(holds, np.ones_like(which), np.full_like(which, MOST_SEQUENCES + 1)), breaks)


def _last(holds: Callable[[Ints, Ints], Bools], low: Ints, high: Ints) -> Ints:
    """For each place the last number that holds, by halving: ``low`` does, ``high`` does not."""
    low, high = low.copy(), high.copy()
    while len(places := np.flatnonzero(high - low > 1)):
        middle = (low[places] + high[places]) // 2
        held = holds(places, middle)
        low[places[held]], high[places[~held]] = middle[held], middle[~held]
    return low


def _carried(question: ServingQuestion, evaluator: Evaluator, which: Ints, most: Ints) -> Floats:
    """The load of one instance with its most conversations."""
    if question.requests_per_s is None:
        return most.astype(np.float64)
    return requests_per_s(question, evaluator.at(which, most), most)


def _sequences(
    question: ServingQuestion, evaluator: Evaluator, which: Ints, replicas: Ints, most: Ints
) -> Ints:
    """Conversations at once of one instance when the load is divided among all."""
    if question.requests_per_s is None:
        return -(-int(question.load) // replicas)
    rate = question.requests_per_s / replicas * (1.0 - SLACK)

    def too_few(places: Ints, sequences: Ints) -> Bools:
        columns = evaluator.at(which[places], sequences)
        return np.asarray(requests_per_s(question, columns, sequences) < rate[places])

    # the most does answer the rate: the first that does is one more than the last that does not
    return np.minimum(_last(too_few, np.zeros_like(which), most) + 1, most)


def _prices(found: Candidates) -> Floats:
    """Launch price of one instance's devices."""
    return np.array(
        [(m.spec.device.launch_price_usd or np.nan) * m.count for m in found.machines], dtype=np.float64
    )


def _least(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.min()) if len(known) else float("nan")
