"""A sizing in plain words: one sentence, what is not in the list and why, what breaks first."""

from __future__ import annotations

import numpy as np

from planner import figures
from planner.figures import NBSP
from planner.serving.evaluation import MOST_SEQUENCES
from planner.serving.questions import ServingQuestion, is_server
from planner.serving.setups import SetUp
from planner.serving.sizing import DEVICES, MEMORY, NOTHING, TPOT, TTFT, UNKNOWN, Sizing

# what gives way beyond the most
BREAKS = {
    MEMORY: "memory (KV cache)",
    TPOT: "writing (TPOT)",
    TTFT: "first word (TTFT)",
    NOTHING: f"nothing up to {MOST_SEQUENCES:,} on each",
}
REFUSED = {
    MEMORY: "do not have the memory for even one conversation",
    TPOT: "write too slowly even for one (TPOT)",
    TTFT: "begin too late even for one (TTFT)",
    UNKNOWN: "have no stated memory bandwidth or size",
    DEVICES: "would need more devices than you allow",
}


def load_words(question: ServingQuestion) -> str:
    """ "16 people at once", "2.5 requests a second"."""
    if question.requests_per_s is not None:
        n = question.requests_per_s
        return f"{figures.number_short(n)} {'request' if n == 1 else 'requests'} a second"
    n = question.concurrency or 0
    return f"{n:,} {'person' if n == 1 else 'people'} at once"


def most_words(question: ServingQuestion, found: SetUp) -> str:
    """The load at which the set-up breaks, as a figure."""
    if question.requests_per_s is not None:
        return f"{figures.number_short(found.most_load)}/s"
    return f"{round(found.most_load):,}"


def room_words(found: SetUp) -> str:
    """How much more load the set-up could take."""
    more = f"{figures.number_short(100 * found.headroom, 2)}{NBSP}% more"
    return more if found.headroom else "no more than that"


def price_words(found: SetUp) -> str:
    """The launch price of all devices."""
    return figures.UNKNOWN if found.price_usd is None else f"${found.price_usd:,.0f}"


def how_words(found: SetUp) -> str:
    """How the devices share the work."""
    one = found.devices_per_instance
    if found.replicas == 1:
        return "one instance" if one == 1 else f"one instance over {one} devices"
    each = "" if one == 1 else f" of {one} devices each"
    return f"{found.replicas} instances{each}"


def sentence(sizing: Sizing, best: SetUp | None) -> str:
    """The answer in one sentence or two."""
    asked = load_words(sizing.question)
    if best is None:
        return f"Nothing that is looked at serves {asked} within these limits. {reach_words(sizing)}"
    price = f" at a launch price of {price_words(best)}" if best.price_usd is not None else ""
    split = f", {how_words(best)}" if best.devices > 1 else ""
    lead = "The cheapest" if best.price_usd is not None else "Of unknown price, the smallest"
    return (
        f"{lead} that serves {asked} is {best.name}{price}{split}: {sizing.model.name} in {best.format_name} by "
        f"{best.runtime_name}, {figures.duration(best.tpot_ms.value)} a token and "
        f"{figures.duration(best.ttft_ms.value)} to the first. It has room for {room_words(best)}."
    )


def reach_words(sizing: Sizing) -> str:
    """What is reached with one conversation, where the limits ask for more."""
    told = []
    if sizing.best_tpot_ms > sizing.question.tpot_ms:
        told.append(f"the shortest time per token is {figures.duration(sizing.best_tpot_ms)}")
    if sizing.best_ttft_ms > sizing.question.ttft_ms:
        told.append(f"the shortest time to the first is {figures.duration(sizing.best_ttft_ms)}")
    if told:
        return f"For one person alone {' and '.join(told)}: allow more."
    return "Allow more devices, longer times or fewer bits a weight."


def refused_words(sizing: Sizing) -> tuple[str, ...]:
    """How many set-ups are out, by reason."""
    return tuple(f"{count:,} {REFUSED[reason]}" for reason, count in sizing.refused.items() if count)


def notes(sizing: Sizing) -> tuple[str, ...]:
    """What to know of the figures before one buys anything."""
    runtimes = sizing.snapshot.tables.runtimes
    used = {runtimes.slug[row] for row in np.unique(sizing.found.program[sizing.which]).tolist()}
    known = (sizing.snapshot.runtimes[slug] for slug in sorted(used))
    told = [
        "The price is the launch price of the devices alone: no computer around them, no power, no used cards.",
        "Requests are taken to come evenly; bursts need more room.",
    ]
    others = [runtime.name for runtime in known if not is_server(runtime.kv_rule)]
    if others:
        told.append(
            f"{' and '.join(others)}: that prompts of others are read while one writes is not in the time per "
            "token, for want of measurements. It is too short where many ask at once."
        )
    return tuple(told)
