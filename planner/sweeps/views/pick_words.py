"""The first picks of a sweep in full sentences, each with its figures and their margins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner import figures
from planner.sweeps.grid.entries import Entries
from planner.sweeps.models import Sweep
from planner.sweeps.results.picks import (
    BEST_BITS,
    COMFORTABLE_TPS,
    GOOD_BITS,
    QUICK_TPS,
    Figures,
    Pick,
    Picks,
)
from planner.sweeps.views.plan_lines import PlanLine, plan_line, usd

_FAST = f"{COMFORTABLE_TPS:g} tokens/s and more"
HEADINGS: Mapping[str, str] = {
    "largest": "The largest model at a comfortable speed",
    "largest-best": "The largest at that speed with hardly any loss",
    "largest-quick": "The largest that is quick ({quick:g} tokens/s and more)",
    "fits": "The largest model that fits",
    "cheapest": "The cheapest for {model}",
    "fastest": "The fastest for {model}",
    "widest": "The cheapest for {model} with hardly any loss",
    "longest": "The longest context for {model}",
}
HEADINGS_OF_ONE: Mapping[str, str] = {
    "fastest": "The fastest way",
    "widest": "The best quality at a comfortable speed",
    "longest": "The longest context at a comfortable speed",
}


@dataclass(frozen=True, slots=True)
class ToldPick:
    """A pick as the page tells it; ``next`` has those that come after it, as (name, figures, query)."""

    heading: str
    sentence: str
    query: str
    note: str
    next: tuple[tuple[str, str, str], ...]


def rule(found: Picks, n_machines: int) -> str:
    """What all picks keep to, and what they cannot know."""
    kept = (
        f"Looked at are plans that write {_FAST} (nearly twice as fast as people read) with at least "
        f"{GOOD_BITS:g} bits per weight; “hardly any loss” means {BEST_BITS:g} bits and more."
    )
    if found.nothing_comfortable:
        kept = f"No plan writes {_FAST} with at least {GOOD_BITS:g} bits per weight. What there is instead:"
    if n_machines > 1 and found.n_unpriced:
        kept += f" {found.n_unpriced:,} of the {n_machines:,} machines have no launch price in the catalog."
    return kept


def told(sweep: Sweep, entries: Entries, pick: Pick) -> ToldPick:
    """A pick in words."""
    line = plan_line(sweep, entries, pick.plan)
    is_of_one = len(entries.machines) == len(entries.models) == 1
    heading = (HEADINGS_OF_ONE if is_of_one else HEADINGS)[pick.kind].format(
        model=line.model, quick=QUICK_TPS
    )
    return ToldPick(
        heading=heading,
        sentence=_sentence(line, pick, has_contexts=_has_several_contexts(sweep)),
        query=line.query,
        note=_note(pick, line),
        next=tuple(_next(sweep, entries, other, pick.kind) for other in pick.next),
    )


def _has_several_contexts(sweep: Sweep) -> bool:
    definition = sweep.definition
    return isinstance(definition, dict) and len(definition.get("contexts_tokens", ())) > 1


def _sentence(line: PlanLine, pick: Pick, *, has_contexts: bool) -> str:
    speed = (
        f"writes {figures.rate(line.decode.value)} tokens a second ({figures.rate_range(line.decode)})"
        if line.decode
        else "runs, at a speed that is not known,"
    )
    context = f" with {line.context_tokens:,} tokens of context" if has_contexts else ""
    users = f" for each of {line.concurrency:,} users at once" if line.concurrency > 1 else ""
    price = f" ({line.price})" if line.price else ""
    return (
        f"{line.model} ({line.parameters} parameters) in {line.format}, {line.bits} bits per weight, "
        f"{speed}{users}{context} on {line.machine}{price} with {line.runtime}. {_room(line)}"
    )


def _room(line: PlanLine) -> str:
    need, limit = figures.gib(line.need_bytes), figures.gib(line.limit_bytes)
    if line.verdict == "offload":
        host = figures.gib(line.host_need_bytes)
        return f"It needs {need} and may use {limit}: {host} stay in main memory (offload)."
    tight = " That is tight." if line.verdict == "tight" else ""
    return f"It needs {need} of the {limit} that it may use.{tight}"


def _note(pick: Pick, line: PlanLine) -> str:
    """On how many machines it holds, and what is known of their prices."""
    if pick.n_machines <= 1:
        return ""
    holds = f"So much is possible on {pick.n_machines:,} machines of this sweep"
    if pick.kind == "fastest":
        return f"{holds}."
    if not line.price:
        return f"{holds}, none of which has a price in the catalog: this is the fastest of them."
    unpriced = f"; {pick.n_unpriced:,} of them have no price in the catalog" if pick.n_unpriced else ""
    return f"{holds}, and this is the cheapest by the launch price of its devices{unpriced}."


def _next(sweep: Sweep, entries: Entries, other: Figures, kind: str) -> tuple[str, str, str]:
    line = plan_line(sweep, entries, other)
    price = usd(entries.machines[other["machine"]].devices_price_usd)
    speed = f"{figures.rate(line.decode.value)} tokens/s" if line.decode else "speed not known"
    said = f"{price}, {speed}" if price and kind != "fastest" else speed
    return line.machine, said, line.query
