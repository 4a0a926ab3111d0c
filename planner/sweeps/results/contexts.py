"""Writing speed against context: one model on a few machines, each with its fastest plan at every context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.engine.verdict import OFFLOAD
from planner.sweeps.results.groups import Groups, best_rows
from planner.sweeps.results.reading import Reader, found_once, whole

MOST_MACHINES = 6


@dataclass(frozen=True, slots=True)
class ContextsQuery:
    """Of which plans: a model, a format (None: whichever is fastest), so many users, and machines (none: the best)."""

    model: int
    format: int | None
    concurrency: int
    machines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """One machine's fastest plan at each context, as stored, in order of the context."""

    machine: int
    plans: tuple[Mapping[str, Any], ...]


def context_curves(reader: Reader, query: ContextsQuery) -> tuple[Curve, ...]:
    """Curves of the machines asked for in their order, or of the fastest; machines on which nothing runs have none."""
    machines = query.machines or best_machines(reader, query)
    if not machines:
        return ()
    found = reader.arrays(
        f"SELECT plan, machine, context_tokens, decode_tps FROM rows WHERE {_conditions(query)}"
        f" AND machine IN ({whole(machines)})"
    )
    every = np.ones(len(found["plan"]), dtype=np.bool_)
    fastest = best_rows(
        Groups.by(found["machine"], found["context_tokens"]), every, found["plan"], [found["decode_tps"]]
    )
    plans = list(reader.plans(found["plan"][fastest].tolist()).values())
    curves = []
    for machine in machines:
        own = sorted(
            (plan for plan in plans if plan["machine"] == machine), key=lambda plan: plan["context_tokens"]
        )
        if own:
            curves.append(Curve(machine, tuple(own)))
    return tuple(curves)


def best_machines(reader: Reader, query: ContextsQuery) -> tuple[int, ...]:
    """The fastest of each kind of machine, those that hold the longest context first; then the fastest of the rest."""
    found = reader.arrays(
        "SELECT machine, max(context_tokens) AS longest, max(decode_tps) AS fastest FROM rows"
        f" WHERE {_conditions(query)} GROUP BY machine"
    )
    columns = (found[name].tolist() for name in ("longest", "fastest", "machine"))
    order = sorted(zip(*columns, strict=True), key=lambda row: (-row[0], -row[1], row[2]))
    entries = reader.entries.machines
    first, rest = [], []
    kinds: set[str] = set()
    devices: set[str] = set()
    for _, _, machine in order:
        entry = entries[machine]
        if entry.category not in kinds:
            kinds.add(entry.category)
            devices.add(entry.device)
            first.append(machine)
        elif entry.device not in devices:
            devices.add(entry.device)
            rest.append(machine)
    return tuple([*first, *rest][:MOST_MACHINES])


@found_once
def usual_format(reader: Reader, model: int) -> int | None:
    """The format of about four and a half bits with which most plans of the model run; None where none is like that."""
    found = reader.arrays(
        f"SELECT format, count(*) AS n FROM rows WHERE model = {int(model)} AND verdict <= {OFFLOAD}"
        " AND decode_tps IS NOT NULL GROUP BY format"
    )
    usual: list[tuple[int, int]] = []
    for number, count in zip(found["format"].tolist(), found["n"].tolist(), strict=True):
        bits = reader.entries.formats[number].bits_per_weight
        if bits is not None and 4.0 <= bits < 6.0:
            usual.append((-count, number))
    return min(usual)[1] if usual else None


def _conditions(query: ContextsQuery) -> str:
    conditions = [
        f"model = {int(query.model)}",
        f"concurrency = {int(query.concurrency)}",
        f"verdict <= {OFFLOAD}",
        "decode_tps IS NOT NULL",
    ]
    if query.format is not None:
        conditions.append(f"format = {int(query.format)}")
    return " AND ".join(conditions)
