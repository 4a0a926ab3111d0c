"""Machines against models: what a page of the heat map shows, from the summary or, where filtered, from the plans."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.engine.verdict import OFFLOAD, VERDICTS
from planner.sweeps.grid.entries import Entries, MachineEntry, ModelEntry
from planner.sweeps.results.groups import Array
from planner.sweeps.results.reading import Reader, whole

ROWS, COLUMNS = 25, 16  # of a page

# orders of the machines and models: what they are sorted by (what is unknown comes last), and the words
MACHINE_ORDERS: Mapping[str, tuple[Callable[[MachineEntry], Any], str]] = {
    "memory": (lambda entry: entry.memory_gb * entry.device_count, "memory, least first"),
    "-memory": (lambda entry: -entry.memory_gb * entry.device_count, "memory, most first"),
    "price": (lambda entry: _last(entry.devices_price_usd), "price, cheapest first"),
    "-price": (lambda entry: _last(entry.devices_price_usd, -1), "price, dearest first"),
    "name": (lambda entry: entry.name.casefold(), "name, A to Z"),
}
MODEL_ORDERS: Mapping[str, tuple[Callable[[ModelEntry], Any], str]] = {
    "parameters": (lambda entry: entry.n_parameters, "parameters, fewest first"),
    "-parameters": (lambda entry: -entry.n_parameters, "parameters, most first"),
    "active": (lambda entry: entry.n_active_parameters, "active parameters, fewest first"),
    "name": (lambda entry: entry.name.casefold(), "name, A to Z"),
}
MEASURES: Mapping[str, str] = {
    "speed": "how fast the fastest plan writes",
    "bits": "the most bits per weight that fit",
}


def _last(value: float | None, sign: int = 1) -> float:
    return math.inf if value is None else sign * value


@dataclass(frozen=True, slots=True)
class HeatQuery:
    """A page of the heat map: what it measures, of which machines and models, and of which of their plans."""

    measure: str = "speed"
    machine_text: str = ""
    model_text: str = ""
    machine_order: str = "memory"
    model_order: str = "parameters"
    machine_page: int = 1
    model_page: int = 1
    context_tokens: int | None = None
    concurrency: int | None = None
    format: int | None = None  # a place in the entries, like those below
    runtime: int | None = None

    @property
    def conditions(self) -> dict[str, int]:
        """Columns that must have one value: without any, the summary answers."""
        asked = {
            "context_tokens": self.context_tokens,
            "concurrency": self.concurrency,
            "format": self.format,
            "runtime": self.runtime,
        }
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class HeatValue:
    """What there is of one machine with one model; figures are nan and ``plan`` is -1 where there is none."""

    counts: tuple[int, ...]  # plans by verdict, in the order of VERDICTS
    plan: int
    value: float  # tokens/s, or bits per weight
    low: float
    high: float
    verdict: str  # of the plan
    format: int

    @property
    def n_running(self) -> int:
        return sum(self.counts[: OFFLOAD + 1])


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A page of it: numbers of the machines and models shown, and a value for each pair that has plans."""

    machines: tuple[int, ...]
    models: tuple[int, ...]
    values: Mapping[tuple[int, int], HeatValue]
    machine_page: int
    machine_pages: int
    model_page: int
    model_pages: int
    n_machines: int  # found in all
    n_models: int


def heat_map(reader: Reader, query: HeatQuery) -> HeatMap:
    """The page that is asked for; the last one where there are fewer."""
    machines = ordered(reader.entries.machines, query.machine_text, MACHINE_ORDERS[query.machine_order][0])
    models = ordered(reader.entries.models, query.model_text, MODEL_ORDERS[query.model_order][0])
    machine_page, machine_pages, shown_machines = page_of(machines, query.machine_page, ROWS)
    model_page, model_pages, shown_models = page_of(models, query.model_page, COLUMNS)
    values: dict[tuple[int, int], HeatValue] = {}
    if shown_machines and shown_models:
        cells = _cells(reader, shown_machines, shown_models, query)
        values = _values(cells, query.measure, reader.entries)
    return HeatMap(
        machines=shown_machines,
        models=shown_models,
        values=values,
        machine_page=machine_page,
        machine_pages=machine_pages,
        model_page=model_page,
        model_pages=model_pages,
        n_machines=len(machines),
        n_models=len(models),
    )


def ordered[Entry: (MachineEntry, ModelEntry)](
    entries: Sequence[Entry], text: str, key: Callable[[Entry], Any]
) -> list[int]:
    """Numbers of the entries whose names hold every word of the text, sorted; equal ones by name."""
    words = text.casefold().split()
    found = [
        number for number, entry in enumerate(entries) if all(word in entry.name.casefold() for word in words)
    ]
    return sorted(found, key=lambda number: (key(entries[number]), entries[number].name.casefold()))


def page_of(numbers: Sequence[int], page: int, size: int) -> tuple[int, int, tuple[int, ...]]:
    """(page, pages, what stands on it)."""
    pages = max(math.ceil(len(numbers) / size), 1)
    page = min(page, pages)
    return page, pages, tuple(numbers[(page - 1) * size : page * size])


def _cells(
    reader: Reader, machines: Sequence[int], models: Sequence[int], query: HeatQuery
) -> dict[str, Array]:
    """The cells of these machines and models; where a filter is set, counted over the plans that are kept."""
    if not query.conditions:
        return reader.cells([*_PAIR, *_columns_of(query.measure)], machines, models)
    where = " AND ".join(f"{name} = ${name}" for name in query.conditions)
    pairs = f"machine IN ({whole(machines)}) AND model IN ({whole(models)}) AND {where}"
    counts = ", ".join(
        f"count(*) FILTER (verdict = {code}) AS n_{word}" for code, word in enumerate(VERDICTS)
    )
    # the least plan number among equals, as in the summary
    ranks = {
        "fastest": (f"verdict <= {OFFLOAD} AND decode_tps IS NOT NULL", "decode_tps, 0"),
        "widest": ("verdict = 0", "weights_bytes, coalesce(decode_tps, -1)"),
    }
    figures = ", ".join(_FIGURES)
    packed = ", ".join(
        f"max(ROW({keys}, -plan, {figures})) FILTER ({eligible}) AS {name}"
        for name, (eligible, keys) in ranks.items()
    )
    named = ", ".join(
        f"{name}[{place}] AS {name}_{figure}"
        for name in ranks
        for place, figure in enumerate(_FIGURES, start=4)
    )
    return reader.arrays(
        f"SELECT machine, model, * EXCLUDE (machine, model, fastest, widest), {named} FROM "
        f"(SELECT machine, model, {counts}, {packed} FROM rows WHERE {pairs} GROUP BY machine, model)",
        query.conditions,
    )


def values_of(
    reader: Reader, machines: Sequence[int], models: Sequence[int], measure: str
) -> dict[tuple[int, int], HeatValue]:
    """The values of these machines and models, over all plans that were evaluated."""
    cells = reader.cells([*_PAIR, *_columns_of(measure)], machines, models)
    return _values(cells, measure, reader.entries)


def _values(cells: Mapping[str, Array], measure: str, entries: Entries) -> dict[tuple[int, int], HeatValue]:
    columns = {name: cells[name].tolist() for name in (*_PAIR, *_columns_of(measure))}
    name = NAMED_PLAN[measure]
    found = {}
    for place, (machine, model) in enumerate(zip(columns["machine"], columns["model"], strict=True)):
        plan, verdict, format, weights, decode, low, high = (
            columns[f"{name}_{figure}"][place] for figure in _FIGURES
        )
        none, is_speed = plan < 0, measure == "speed"
        value = decode if is_speed else 8 * weights / entries.models[model].n_parameters
        found[machine, model] = HeatValue(
            counts=tuple(int(columns[f"n_{word}"][place]) for word in VERDICTS),
            plan=plan,
            value=math.nan if none else value,
            low=low if is_speed else math.nan,
            high=high if is_speed else math.nan,
            verdict="" if none else VERDICTS[verdict],
            format=-1 if none else format,
        )
    return found


# the plan that a cell tells of, by measure
NAMED_PLAN: Mapping[str, str] = {"speed": "fastest", "bits": "widest"}
_PAIR = ("machine", "model")
_FIGURES = (
    "plan",
    "verdict",
    "format",
    "weights_bytes",
    "decode_tps",
    "decode_tps_low",
    "decode_tps_high",
)


def _columns_of(measure: str) -> list[str]:
    """The columns of the cells that a measure needs, beside the pair."""
    counts = [f"n_{word}" for word in VERDICTS]
    return [*counts, *(f"{NAMED_PLAN[measure]}_{figure}" for figure in _FIGURES)]
