"""The Pareto front of one model: plans that no other beats in speed, price and bits per weight at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.engine.verdict import OFFLOAD, TIGHT
from planner.sweeps.results.groups import Array, Groups, best_rows
from planner.sweeps.results.picks import usual_models
from planner.sweeps.results.pruning import front as unbeaten
from planner.sweeps.results.pruning import prices_usd
from planner.sweeps.results.reading import Reader

# Steps are drawn along the best plans of each quality: least bits per weight. FP8 and Q8_0 have a little over 8 bits,
# what people call 4 bits has 4.2 to 5.
QUALITIES: tuple[float, ...] = (8.0, 4.0, 0.0)
# A step along the front is worth naming where it is so many times as fast as the one before: intervals are far wider.
WORTH = 1.05
# the model that is shown first has about so many parameters
USUAL_SIZE = 20e9
# machines without a price that are named
MOST_UNPRICED = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """The fastest plan of a machine in a format."""

    plan: int
    machine: int
    price_usd: float  # nan: no source states it
    decode_tps: float
    bits: float


@dataclass(frozen=True, slots=True)
class Front:
    """What stands on the front, by price and then by bits, and what stands behind it."""

    best: tuple[Candidate, ...]
    stairs: tuple[tuple[Candidate, ...], ...]  # for each of QUALITIES the best speeds by price
    behind: tuple[tuple[float, float], ...]  # (price, speed) of all other candidates with a price
    unpriced: tuple[Candidate, ...]  # the best of machines without a price, the fastest first
    n_unpriced: int  # machines without a price on which the model runs
    n_machines: int  # on which it runs
    n_candidates: int


@dataclass(frozen=True, slots=True)
class FrontQuery:
    """Whose front: a model with so much context and so many users at once."""

    model: int
    context_tokens: int
    concurrency: int
    with_offload: bool = (
        False  # also plans that keep a part in main memory, whose price is not in the devices'
    )


def front(reader: Reader, query: FrontQuery) -> Front:
    """The front among the plans that are kept and run at a known speed."""
    found = reader.arrays(
        "SELECT plan, machine, format, weights_bytes, decode_tps FROM rows WHERE model = $model"
        f" AND context_tokens = $context_tokens AND concurrency = $concurrency"
        f" AND verdict <= {OFFLOAD if query.with_offload else TIGHT}"
        " AND decode_tps IS NOT NULL",
        {
            "model": query.model,
            "context_tokens": query.context_tokens,
            "concurrency": query.concurrency,
        },
    )
    fastest = best_rows(
        Groups.by(found["machine"], found["format"]),
        np.ones(len(found["plan"]), dtype=np.bool_),
        found["plan"],
        [found["decode_tps"]],
    )
    return front_of(
        _candidates(reader, query.model, {name: column[fastest] for name, column in found.items()})
    )


def _candidates(reader: Reader, model: int, rows: Mapping[str, Array]) -> list[Candidate]:
    prices = prices_usd(reader.entries)[rows["machine"]]
    bits = 8 * rows["weights_bytes"] / reader.entries.models[model].n_parameters
    columns = (rows["plan"], rows["machine"], prices, rows["decode_tps"], bits)
    return [Candidate(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def front_of(candidates: Sequence[Candidate]) -> Front:
    """The front among these, the steps along it, and the best of machines that have no price."""
    priced = [candidate for candidate in candidates if candidate.price_usd > 0]
    unpriced = [candidate for candidate in candidates if not candidate.price_usd > 0]
    stays = unbeaten(
        np.zeros(len(priced), dtype=np.int64),
        np.array([candidate.price_usd for candidate in priced]),
        np.array([candidate.decode_tps for candidate in priced]),
        np.array([candidate.bits for candidate in priced]),
    )
    best = [candidate for candidate, stay in zip(priced, stays, strict=True) if stay]
    best.sort(key=lambda one: (one.price_usd, -one.bits, -one.decode_tps, one.plan))
    on_front = {candidate.plan for candidate in best}
    return Front(
        best=tuple(best),
        stairs=tuple(stair(best, least_bits) for least_bits in QUALITIES),
        behind=tuple((one.price_usd, one.decode_tps) for one in priced if one.plan not in on_front),
        unpriced=_best_by_machine(unpriced),
        n_unpriced=len({candidate.machine for candidate in unpriced}),
        n_machines=len({candidate.machine for candidate in candidates}),
        n_candidates=len(candidates),
    )


def stair(front: Sequence[Candidate], least_bits: float) -> tuple[Candidate, ...]:
    """The plans with so many bits per weight that are worth more than all cheaper ones, the cheapest first."""
    found: list[Candidate] = []
    for candidate in sorted(front, key=lambda one: (one.price_usd, -one.decode_tps, one.plan)):
        if candidate.bits < least_bits:
            continue
        if not found or candidate.decode_tps >= WORTH * found[-1].decode_tps:
            found.append(candidate)
    return tuple(found)


def _best_by_machine(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The fastest plan of each machine with four bits and more where there is one, the fastest machines first."""
    best: dict[int, Candidate] = {}
    for one in sorted(candidates, key=lambda one: (one.bits >= QUALITIES[1], one.decode_tps)):
        best[one.machine] = one
    return tuple(sorted(best.values(), key=lambda one: (-one.decode_tps, one.plan)))[:MOST_UNPRICED]


def quality_of(candidate: Candidate) -> int:
    """The place in QUALITIES of the best quality that a plan has."""
    return next(place for place, least in enumerate(QUALITIES) if candidate.bits >= least)


def usual_query(reader: Reader, contexts: Sequence[int], users: Sequence[int]) -> FrontQuery | None:
    """A model of a middling size that many machines run, about 8k of context, few users; None where nothing runs."""
    models = usual_models(reader)
    if not models or not contexts or not users:
        return None
    sizes = [reader.entries.models[model].n_parameters for model in models]
    middle = min(range(len(models)), key=lambda place: abs(math.log(sizes[place] / USUAL_SIZE)))
    return FrontQuery(models[middle], usual_context(contexts), min(users))


def usual_context(contexts: Sequence[int]) -> int:
    """What a conversation takes: the one nearest to 8k."""
    return min(contexts, key=lambda context: (abs(math.log(context / 8192)), context))


def figures_of(reader: Reader, front: Front) -> dict[int, dict[str, Any]]:
    """The stored figures of the plans along the steps, and of those without a price."""
    return reader.plans(one.plan for part in (*front.stairs, front.unpriced) for one in part)
