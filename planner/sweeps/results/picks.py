"""What somebody should look at first: the few plans of a sweep that answer what such a sweep is made for.

Nobody wants "the fastest of all": that is the smallest model in the fewest bits. So a pick keeps to plans that write
fast enough to be used and have enough bits per weight to be worth it, and to what the sweep leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from planner.catalog_pages.well_known import MODELS as WELL_KNOWN
from planner.engine.verdict import OFFLOAD
from planner.sweeps.results.groups import Array
from planner.sweeps.results.pruning import prices_usd
from planner.sweeps.results.reading import Reader, found_once, whole

# Twice as fast as most adults read (planner/charts/reading.py): nobody waits for the words.
COMFORTABLE_TPS = 10.0
# Below four bits per weight answers get noticeably worse; with eight hardly anybody can tell.
GOOD_BITS, BEST_BITS = 4.0, 8.0
# Sizes of models by their parameters: the usual one of each is looked at.
SIZES = (10e9, 40e9, 150e9, float("inf"))
RUNNERS_UP = 2
# nobody who skims the answer waits for it either
QUICK_TPS = 30.0
# What the largest models are asked for, by kind of pick: bits per weight and tokens/s.
LARGEST = {
    "largest": (GOOD_BITS, COMFORTABLE_TPS),
    "largest-best": (BEST_BITS, COMFORTABLE_TPS),
    "largest-quick": (GOOD_BITS, QUICK_TPS),
}

Figures = Mapping[str, Any]
_CELLS = (
    *("machine", "model", "n_fits", "n_tight", "n_offload"),
    *("fastest_plan", "fastest_decode_tps", "widest_plan", "widest_weights_bytes"),
)


@dataclass(frozen=True, slots=True)
class Pick:
    """A question and the plan that answers it, with those that come next.

    ``kind``: "largest" (model that writes comfortably), "largest-best" (the same with eight bits),
    "largest-quick" (that writes three times as fast), "fits" (the largest
    that fits at all), "cheapest" (machine for a model), "fastest" (machine for a model), "widest" (a model in eight
    bits and more at a comfortable speed), "longest" (context of a model).
    """

    kind: str
    plan: Figures
    next: tuple[Figures, ...] = ()
    n_machines: int = 0  # of which this holds
    n_unpriced: int = 0  # of those that have no price


@dataclass(frozen=True, slots=True)
class Picks:
    """All picks, in the order in which they are told."""

    picks: tuple[Pick, ...]
    n_unpriced: int  # machines of the sweep that have no price
    nothing_comfortable: bool  # plans run, but none fast enough and with enough bits


@found_once
def picks(reader: Reader) -> Picks:
    """The picks of what has been computed so far; none where nothing runs."""
    cells = reader.cells(_CELLS)
    machines, models = np.unique(cells["machine"]), np.unique(cells["model"])
    n_unpriced = int(np.isnan(prices_usd(reader.entries)[machines]).sum())
    if not (cells["fastest_plan"] >= 0).any():
        return Picks((), n_unpriced, False)
    found: list[Pick] = []
    if len(models) > 1:
        found += _of_models(reader, cells)
    if len(machines) > 1:
        found += [pick for pick in _of_machines(reader) if not _is_told(pick, found)]
    elif len(models) == 1:
        found += _of_one(reader, int(models[0]))
    comfortable = any(pick.kind != "fits" for pick in found)
    return Picks(_with_figures(reader, found), n_unpriced, not comfortable)


def _is_told(pick: Pick, found: Sequence[Pick]) -> bool:
    return any(other.plan["plan"] == pick.plan["plan"] for other in found)


def _with_figures(reader: Reader, found: Sequence[Pick]) -> tuple[Pick, ...]:
    """The picks with all figures of their plans, read at once."""
    plans = reader.plans(plan["plan"] for pick in found for plan in (pick.plan, *pick.next))
    return tuple(
        replace(
            pick,
            plan=plans[pick.plan["plan"]],
            next=tuple(plans[plan["plan"]] for plan in pick.next),
        )
        for pick in found
        if all(plan["plan"] in plans for plan in (pick.plan, *pick.next))
    )


def _of_models(reader: Reader, cells: Mapping[str, Array]) -> list[Pick]:
    """Which model is the largest: that can be used, that hardly loses anything, that is quick; or that fits at all."""
    sizes = [entry.n_parameters for entry in reader.entries.models]
    found: list[Pick] = []
    for kind, (least_bits, least_tps) in LARGEST.items():
        # the same model again says more only where the machine is given
        if kind == "largest-quick" and len(reader.entries.machines) > 1:
            continue
        models = _models_with(reader, cells, least_bits, least_tps)
        if models:
            model = max(models, key=lambda model: (sizes[model], -model))
            if not any(pick.plan["model"] == model for pick in found):
                found.append(
                    _cheapest(reader, kind, _best(reader, (model,), least_bits, least_tps=least_tps))
                )
    return found or _fitting(reader, cells, sizes)


def _models_with(
    reader: Reader, cells: Mapping[str, Array], least_bits: float, least_tps: float
) -> list[int]:
    """The models of which some plan writes so fast in so many bits."""
    fast = (cells["fastest_plan"] >= 0) & (cells["fastest_decode_tps"] >= least_tps)
    models = np.unique(cells["model"][fast]).tolist()
    if not models:
        return []
    found = reader.arrays(
        f"SELECT DISTINCT model FROM rows WHERE model IN ({whole(models)}) AND verdict <= {OFFLOAD}"
        " AND decode_tps >= $least_tps AND weights_bytes >= list_extract($least::DOUBLE[], model + 1)",
        {"least_tps": least_tps, "least": _least_weights(reader, least_bits)},
    )
    listed: list[int] = found["model"].tolist()
    return listed


def _least_weights(reader: Reader, least_bits: float) -> list[float]:
    """Bytes of so many bits per weight, by model."""
    return [least_bits / 8 * entry.n_parameters for entry in reader.entries.models]


def _fitting(reader: Reader, cells: Mapping[str, Array], sizes: Sequence[float]) -> list[Pick]:
    """The largest model that fits, however slowly it writes."""
    bits = 8 * cells["widest_weights_bytes"] / np.array(sizes)[cells["model"]]
    for least_bits in (GOOD_BITS, 0.0):
        fits = (cells["widest_plan"] >= 0) & (bits >= least_bits)
        if fits.any():
            model = max(np.unique(cells["model"][fits]).tolist(), key=lambda model: sizes[model])
            plans = reader.plans(cells["widest_plan"][fits & (cells["model"] == model)].tolist())
            return [_cheapest(reader, "fits", list(plans.values()))] if plans else []
    return []


def _of_machines(reader: Reader) -> list[Pick]:
    """Which machine: for a usual model of each size the cheapest; for a single one also the fastest and the best."""
    models = usual_models(reader)
    best = _best(reader, models, GOOD_BITS)
    found: list[Pick] = []
    for model in models:
        own = [plan for plan in best if plan["model"] == model]
        if own:
            found.append(_cheapest(reader, "cheapest", own))
    if len(models) == 1 and best:
        fastest = sorted(best, key=lambda plan: (-plan["decode_tps"], plan["plan"]))
        found.append(Pick("fastest", fastest[0], _others(reader, fastest), len(fastest)))
        wide = _best(reader, models, BEST_BITS)
        if wide:
            found.append(_cheapest(reader, "widest", wide))
    return found


def _of_one(reader: Reader, model: int) -> list[Pick]:
    """How to run one model on one machine: fast, in many bits, and with a long context."""
    found: list[Pick] = []
    for kind, by in (("fastest", "decode_tps"), ("widest", "weights_bytes"), ("longest", "context_tokens")):
        best = _best(reader, (model,), GOOD_BITS, by)
        pick = Pick(kind, best[0], (), 1) if best else None
        if pick and not _is_told(pick, found):
            found.append(pick)
    return found


def _comfortable(cells: Mapping[str, Array]) -> Array:
    return np.asarray((cells["fastest_plan"] >= 0) & (cells["fastest_decode_tps"] >= COMFORTABLE_TPS))


@found_once
def usual_models(reader: Reader) -> tuple[int, ...]:
    """A model of each size that many machines run at a comfortable speed, one that people know where there is one.

    Of those that at least half as many machines run as the commonest of its size, it is the largest.
    """
    cells = reader.cells(_CELLS)
    entries = reader.entries.models
    counts = np.bincount(cells["model"][_comfortable(cells)], minlength=len(entries))
    known = np.array([entry.slug in WELL_KNOWN for entry in entries])
    sizes = np.array([entry.n_parameters for entry in entries])
    found: list[int] = []
    least = 0.0
    for most in SIZES:
        of_size = (counts > 0) & (sizes >= least) & (sizes < most)
        among = np.flatnonzero(of_size & known) if (of_size & known).any() else np.flatnonzero(of_size)
        if len(among):
            common = among[counts[among] * 2 >= counts[among].max()]
            found.append(int(common[sizes[common].argmax()]))
        least = most
    return tuple(found)


def _best(
    reader: Reader,
    models: Sequence[int],
    least_bits: float,
    by: str = "decode_tps",
    least_tps: float = COMFORTABLE_TPS,
) -> list[Figures]:
    """The best plan of each machine and model that writes so fast with enough bits, the best of all first.

    ``by`` is the figure of which more is better. Of the plans' figures only those that picking looks at.
    """
    if not models:
        return []
    found = reader.arrays(
        f"SELECT machine, model, -best[3] AS plan, best[2] AS decode_tps, best[4] AS verdict FROM"
        f" (SELECT machine, model, max(ROW({by}, decode_tps, -plan, verdict)) AS best FROM rows"
        f" WHERE model IN ({whole(models)}) AND verdict <= {OFFLOAD} AND decode_tps >= $least_tps"
        " AND weights_bytes >= list_extract($least::DOUBLE[], model + 1)"
        " GROUP BY machine, model) ORDER BY best DESC",
        {"least_tps": least_tps, "least": _least_weights(reader, least_bits)},
    )
    names = ("machine", "model", "plan", "decode_tps", "verdict")
    return [
        dict(zip(names, values, strict=True))
        for values in zip(*(found[name].tolist() for name in names), strict=True)
    ]


def _cheapest(reader: Reader, kind: str, plans: Sequence[Figures]) -> Pick:
    """The plan on the cheapest machine whose devices hold all of it; without any price the fastest of those.

    Where a part must go to main memory, the price of the devices is not the price of running it: only where
    nothing else is left do such plans count.
    """
    prices = prices_usd(reader.entries)
    held = [plan for plan in plans if plan["verdict"] < OFFLOAD] or list(plans)
    priced = [plan for plan in held if prices[plan["machine"]] > 0]
    order = sorted(
        priced or held,
        key=lambda plan: (
            prices[plan["machine"]] if priced else 0,
            -_speed(plan),
            plan["verdict"],
            plan["plan"],
        ),
    )
    return Pick(
        kind,
        order[0],
        _others(reader, order),
        n_machines=len({plan["machine"] for plan in held}),
        n_unpriced=len({plan["machine"] for plan in held} - {plan["machine"] for plan in priced}),
    )


def _others(reader: Reader, order: Sequence[Figures]) -> tuple[Figures, ...]:
    """The next ones, each on another device than those before it."""
    machines = reader.entries.machines
    seen = {machines[order[0]["machine"]].device}
    found: list[Figures] = []
    for plan in order[1:]:
        device = machines[plan["machine"]].device
        if device not in seen and len(found) < RUNNERS_UP:
            seen.add(device)
            found.append(plan)
    return tuple(found)


def _speed(plan: Figures) -> float:
    speed = float(plan["decode_tps"])
    return speed if speed == speed else 0.0
