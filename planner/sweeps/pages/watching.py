"""What the page of one sweep shows: how far it is, what it was asked, and in the end its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planner.sweeps.definition import FULL, KEEP, Definition, of_json
from planner.sweeps.grid import entries as grid_entries
from planner.sweeps.models import ResultFile, Sweep
from planner.sweeps.pages import words
from planner.sweeps.pages.form import definition_query
from planner.sweeps.results.store import ResultsMissing
from planner.sweeps.views.overview import overview_context
from planner.sweeps.work.progress import progress

GOING = (Sweep.State.QUEUED, Sweep.State.RUNNING, Sweep.State.DELETING)
# names that are told one by one, of an axis, of files that are gone
MOST_NAMED = 3
MOST_LOST = 10


@dataclass(frozen=True, slots=True)
class Lost:
    """Files of a result that are no longer there."""

    n_files: int
    names: tuple[str, ...]

    @property
    def n_more(self) -> int:
        return self.n_files - len(self.names)


def progress_context(sweep: Sweep) -> dict[str, Any]:
    """How far a sweep is."""
    found = progress(sweep)
    return {
        "sweep": sweep,
        "progress": found,
        # the one that the sweep failed for stands in its reason already
        "problems": [problem for problem in found.errors if problem.error not in found.reason],
        "is_going": sweep.state in GOING,
        "per_cent": int(100 * found.n_plans_done / found.n_plans) if found.n_plans else 0,
        "sentence": sentence(sweep),
        "took": took_s(sweep),
    }


def took_s(sweep: Sweep) -> float | None:
    """Seconds from the first chunk to the end."""
    if sweep.started is None or sweep.finished is None:
        return None
    return (sweep.finished - sweep.started).total_seconds()


def sentence(sweep: Sweep) -> str:
    """The state in one sentence, said aloud when it changes."""
    return {
        Sweep.State.QUEUED: "The sweep waits for a worker.",
        Sweep.State.RUNNING: "The sweep is running.",
        Sweep.State.DONE: "The sweep is done.",
        Sweep.State.FAILED: "The sweep has failed.",
        Sweep.State.STOPPED: "The sweep is stopped.",
        Sweep.State.DELETING: "The sweep is being deleted.",
    }[Sweep.State(sweep.state)]


def results_context(sweep: Sweep) -> dict[str, Any]:
    """What was found, so far where a sweep was stopped or has failed; or which of its files are gone."""
    if sweep.state in GOING:
        return {}
    try:
        return {"has_results": True} | overview_context(sweep)
    except ResultsMissing as error:
        return {"lost": _lost(error.missing)}


def _lost(missing: list[ResultFile]) -> Lost:
    return Lost(len(missing), tuple(file.name for file in missing[:MOST_LOST]))


def question_context(sweep: Sweep) -> dict[str, Any]:
    """What was asked, and the way to ask it again with a change."""
    definition = of_json(sweep.definition)
    return {
        "recap": recap(definition, grid_entries.of_json(sweep.entries)),
        "pruned": [(reason, number) for reason, number in sweep.pruned],
        "n_pruned": sum(number for _, number in sweep.pruned),
        "repeat_query": definition_query(definition),
    }


def recap(definition: Definition, entries: grid_entries.Entries) -> list[tuple[str, str]]:
    """The axes in words."""
    machines = list(dict.fromkeys((entry.slug, entry.memory_gb) for entry in entries.machines))
    named = [entry.name for entry in entries.machines]
    prompt = (
        "all of the context but the answer"
        if definition.prompt_tokens == FULL
        else (f"{definition.prompt_tokens:,} tokens")
    )
    return [
        ("Machines and devices", _names(named) if len(named) <= MOST_NAMED else f"{len(machines):,}"),
        ("How many of each", _numbers(definition.counts)),
        ("Language models", _names([entry.name for entry in entries.models])),
        ("Precisions", _names([entry.name for entry in entries.formats])),
        ("Programs", _names([entry.name for entry in entries.runtimes])),
        ("KV cache formats", _names([entry.name for entry in entries.kv_formats])),
        ("Contexts", f"{_numbers(definition.contexts_tokens)} tokens"),
        ("Users at once", _numbers(definition.concurrency)),
        ("Prompt", prompt),
        ("Answer", f"{definition.output_tokens:,} tokens"),
        ("Kept", KEEP[definition.keep]),
    ]


def _names(names: list[str]) -> str:
    return words.listed(names) if 0 < len(names) <= MOST_NAMED else f"{len(names):,}"


def _numbers(numbers: tuple[int, ...]) -> str:
    return words.listed([f"{number:,}" for number in numbers])
