"""What "the best" keeps of plans: the best of each set-up, and each model's Pareto front.

A plan that is beaten among some is beaten among all, so pruning parts and then what is left of them gives the same
as pruning the whole at once.
"""

from __future__ import annotations

import numpy as np

from planner.engine.verdict import FITS, OFFLOAD
from planner.sweeps.grid.entries import Entries
from planner.sweeps.results.groups import NONE, Array, Arrays, Bools, Floats, Groups, Ints, best_rows

# The columns that pruning looks at.
JUDGED = (
    "plan",
    "machine",
    "model",
    "kv_format",
    "context_tokens",
    "concurrency",
    "verdict",
    "weights_bytes",
    "decode_tps",
)


def best_of_rows(columns: Arrays, entries: Entries) -> Bools:
    """Which plans are not beaten.

    Of each machine, model, KV format, context and concurrency: the plan that fits with the most bits per weight
    (among equals the faster) and the fastest that runs. Of each model, KV format, context and concurrency: the plans
    that run, with known speed and price, and that no other matches in speed, price and bits while it betters one.
    """
    work = [columns[name] for name in ("model", "kv_format", "context_tokens", "concurrency")]
    verdict, decode, plan = columns["verdict"], columns["decode_tps"], columns["plan"]
    runs = (verdict <= OFFLOAD) & ~np.isnan(decode)
    groups = Groups.by(columns["machine"], *work)
    # of one model, more bytes of weights are more bits per weight
    widest = best_rows(groups, verdict == FITS, plan, [columns["weights_bytes"], decode])
    fastest = best_rows(groups, runs, plan, [decode])
    kept = np.zeros(len(plan), dtype=np.bool_)
    for rows in (widest, fastest):
        kept[rows[rows != NONE]] = True
    price = prices_usd(entries)[columns["machine"]]
    rows = np.flatnonzero(runs & ~np.isnan(price))
    groups = Groups.by(*(column[rows] for column in work))
    kept[rows[front(groups.of_row, price[rows], decode[rows], columns["weights_bytes"][rows])]] = True
    return kept


def prices_usd(entries: Entries) -> Floats:
    """Prices of the machines' devices; nan: no source states it."""
    prices = (machine.devices_price_usd for machine in entries.machines)
    return np.array([np.nan if price is None else price for price in prices], dtype=np.float64)


def front(group: Ints, cost: Array, speed: Array, width: Array) -> Bools:
    """Which points no other of their group beats: cost down, speed and width up. Equal points stay together."""
    if not len(group):
        return np.zeros(0, dtype=np.bool_)
    # ranks instead of figures: exact comparisons, and one number holds a group and a rank
    speeds, widths = _ranks(speed), _ranks_within(group, width)
    order = np.lexsort((-widths, -speeds, cost, group))
    group, cost, speeds, widths = group[order], cost[order], speeds[order], widths[order]
    same = np.zeros(len(group), dtype=np.bool_)
    same[1:] = True
    for values in (group, cost, speeds, widths):
        same[1:] &= values[1:] == values[:-1]
    points = np.flatnonzero(~same)
    stays = _unbeaten(group[points], speeds[points], widths[points])
    found = np.zeros(len(group), dtype=np.bool_)
    found[order] = stays[np.cumsum(~same) - 1]
    return found


def _unbeaten(group: Ints, speed: Ints, width: Ints) -> Bools:
    """Which distinct points stay; the cheapest of a group stand first, then the fastest: only an earlier one beats."""
    key = group * (int(speed.max()) + 1) + speed
    stays = np.zeros(len(key), dtype=np.bool_)
    for level in np.unique(width):
        # the fastest so far among those that are as wide; of an earlier group it is below all of this one
        among = np.flatnonzero(width >= level)
        before = np.empty(len(among), dtype=np.int64)
        before[0] = -1
        np.maximum.accumulate(key[among][:-1], out=before[1:])
        own = width[among] == level
        stays[among[own]] = before[own] < key[among[own]]
    return stays


def _ranks_within(group: Ints, values: Array) -> Ints:
    """Ranks among those of the same group: few, since a model has few formats."""
    order = np.lexsort((values, group))
    begins = np.diff(group[order], prepend=-1) != 0
    rises = np.diff(values[order], prepend=-np.inf) > 0
    steps = np.cumsum(begins | rises)
    found = np.empty(len(group), dtype=np.int64)
    found[order] = steps - np.repeat(steps[begins], np.diff(np.flatnonzero(begins), append=len(group)))
    return found


def _ranks(values: Array) -> Ints:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)
