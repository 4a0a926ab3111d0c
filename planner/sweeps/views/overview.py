"""The first look at a sweep's result: how many plans of each verdict, what to look at first, and the whole in small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from planner import figures
from planner.charts.heat_map import small_heat_map
from planner.charts.share_bar import share_bar
from planner.engine.verdict import VERDICTS, WORDS
from planner.sweeps.models import Sweep
from planner.sweeps.results.heat_map import MACHINE_ORDERS, MODEL_ORDERS, HeatValue, ordered, values_of
from planner.sweeps.results.picks import Picks, picks
from planner.sweeps.results.reading import Reader
from planner.sweeps.results.store import Results
from planner.sweeps.views.heat_words import kind_of
from planner.sweeps.views.pick_words import ToldPick, rule, told
from planner.sweeps.views.room import so_far, tabs

# of the small heat map
SMALL_ROWS, SMALL_COLUMNS = 40, 60
LEAST_SIDE = 3


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows."""

    so_far: str
    tabs: list[tuple[str, str, bool]]
    n_plans: int
    verdicts: tuple[tuple[str, str, str, str], ...]  # key, words, count, share
    bar: SafeString
    picks: tuple[ToldPick, ...]
    rule: str
    no_picks: str  # why there are none
    heat: SafeString | None
    heat_note: str
    heat_address: str


def overview_context(sweep: Sweep) -> dict[str, Any]:
    """What templates/sweeps/results/overview.html reads. Raises ``ResultsMissing`` where files are gone."""
    reader = Reader(Results(sweep))
    if reader.is_empty:
        return {"overview": None}
    counts = reader.counts()
    n_plans = sum(counts.values())
    found = picks(reader)
    heat, note = _heat(reader)
    overview = Overview(
        so_far=so_far(sweep, n_plans),
        tabs=tabs(sweep, "sweep"),
        n_plans=n_plans,
        verdicts=tuple(
            (word, WORDS[word], f"{counts[word]:,}", figures.share(counts[word], n_plans))
            for word in VERDICTS
            if counts[word]
        ),
        bar=share_bar([(f"share-{word}", counts[word]) for word in VERDICTS]),
        picks=tuple(told(sweep, reader.entries, pick) for pick in found.picks),
        rule=rule(found, len(reader.entries.machines)),
        no_picks=_no_picks(found, counts),
        heat=heat,
        heat_note=note,
        heat_address=reverse("sweeps:heat_map", args=[sweep.pk]),
    )
    return {"overview": overview}


def _no_picks(found: Picks, counts: Mapping[str, int]) -> str:
    if found.picks:
        return ""
    if not counts["fits"] + counts["tight"] + counts["offload"]:
        return "No plan of this sweep runs."
    return "Plans run, but none of them writes so fast with so many bits per weight."


def _heat(reader: Reader) -> tuple[SafeString | None, str]:
    """The pattern of the whole sweep, or of machines and models evenly taken from it."""
    entries = reader.entries
    machines = _evenly(ordered(entries.machines, "", MACHINE_ORDERS["memory"][0]), SMALL_ROWS)
    models = _evenly(ordered(entries.models, "", MODEL_ORDERS["parameters"][0]), SMALL_COLUMNS)
    if min(len(machines), len(models)) < LEAST_SIDE:
        return None, ""
    values = values_of(reader, machines, models, "speed")
    rows = [[_kind(values.get((machine, model))) for model in models] for machine in machines]
    every = len(machines) == len(entries.machines) and len(models) == len(entries.models)
    taken = (
        f"All {len(machines)} machines and {len(models)} models"
        if every
        else f"{len(machines)} of {len(entries.machines):,} machines and {len(models)} of "
        f"{len(entries.models):,} models, evenly taken"
    )
    note = (
        f"{taken}: less memory at the top, fewer parameters at the left. The stronger the colour, the faster."
    )
    return small_heat_map(rows, title="Machines against models", description=note), note


def _kind(value: HeatValue | None) -> str:
    if value is None:
        return "empty"
    if value.plan >= 0:
        return kind_of("speed", value.value)
    return "none" if value.counts[3] and not value.n_running else "unsure"


def _evenly(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many, at even distances, the first and the last among them."""
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[round(place * (len(numbers) - 1) / (most - 1))] for place in range(most)]
