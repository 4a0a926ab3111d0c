"""How many combinations of the axes can be, and why the others cannot: by arithmetic, whatever the size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.plans.offers import NATIVE_ONLY, ready_made
from planner.sweeps.grid.axes import Asked
from planner.sweeps.grid.programs import Running
from planner.sweeps.grid.support import Bools, Ints

UNSIZED = "no source states the memory of the device"
UNPUBLISHED = "the architecture of the model is not published"
NOT_PUBLISHED_IN = "the format exists only for models published in it"
LONG_PROMPT = "the prompt does not fit in the context"
LONG_CONTEXT = "the context is longer than the model was made for"


@dataclass(frozen=True, slots=True)
class Possible:
    """What goes together of models, formats and contexts."""

    goes: Bools  # [models, formats]
    contexts: Ints  # places of those that hold the prompt
    n_contexts: Ints  # [models]: how many of these, the shortest, a model was made for


def possible(asked: Asked) -> Possible:
    """Models with the formats that they are found in, and with the contexts that they were made for."""
    contexts = np.flatnonzero(np.array(asked.prompts) <= np.array(asked.contexts))
    longest = np.array([m.max_context_tokens or asked.contexts[-1] for m in asked.models])
    held = np.array(asked.contexts)[contexts]
    return Possible(_goes(asked), contexts, np.searchsorted(held, longest, side="right"))


def _goes(asked: Asked) -> Bools:
    """[models, formats]: as the form offers them; a format that is asked for by name is answered for every model."""
    slugs = [f.slug for f in asked.formats]
    found = np.ones((len(asked.models), len(slugs)), dtype=np.bool_)
    if asked.formats_are_named:
        return found
    natives = {m.native_format for m in asked.models}
    offered = {native: ready_made(native) for native in natives}
    for row, model in enumerate(asked.models):
        native = model.native_format
        found[row] = [
            slug in offered[native] if asked.formats_are_common else slug == native or slug not in NATIVE_ONLY
            for slug in slugs
        ]
    return found


def pruned(asked: Asked, running: Running, possible: Possible) -> tuple[tuple[str, int], ...]:
    """Combinations that cannot be, by the first reason that holds, in plain words; reasons without any are left out.

    With the possible plans they make the product of all axes as asked.
    """
    rest = len(asked.kv_formats) * len(asked.users)
    n_contexts, n_models, n_formats = len(asked.contexts), len(asked.models), len(asked.formats)
    all_models = n_models + asked.n_unknown_models
    of_machine = n_formats * len(asked.programs) * n_contexts * rest
    found = {
        UNSIZED: asked.n_unsized * len(asked.counts) * all_models * of_machine,
        UNPUBLISHED: asked.n_machines * asked.n_unknown_models * of_machine,
    }
    for reason, n_triples in running.refused.items():
        found[reason] = n_triples * n_models * n_contexts * rest
    held = len(possible.contexts)
    found |= dict.fromkeys((NOT_PUBLISHED_IN, LONG_PROMPT, LONG_CONTEXT), 0)
    for place, n_pairs in enumerate(running.machines_of_format):
        goes = possible.goes[:, place]
        n_going = int(goes.sum())
        found[NOT_PUBLISHED_IN] += n_pairs * (n_models - n_going) * n_contexts * rest
        found[LONG_PROMPT] += n_pairs * n_going * (n_contexts - held) * rest
        found[LONG_CONTEXT] += n_pairs * (n_going * held - int(possible.n_contexts[goes].sum())) * rest
    return tuple((reason, count) for reason, count in found.items() if count)


def n_combinations(asked: Asked) -> int:
    """The product of all axes as asked."""
    machines = (len(asked.machines) + asked.n_unsized) * len(asked.counts)
    models = len(asked.models) + asked.n_unknown_models
    numbers = len(asked.contexts) * len(asked.users) * len(asked.kv_formats)
    return machines * models * len(asked.formats) * len(asked.programs) * numbers
