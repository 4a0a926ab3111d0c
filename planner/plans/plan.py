"""A question resolved to a plan: machine, model, program, formats, contexts, all evaluated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hardware_catalog.rows import FormatRow, ModelRow
from planner.engine.columns import Array, Columns
from planner.plans.errors import PlanError
from planner.plans.evaluation import PlanSet, best_format, curve_contexts, evaluate, verdict_names
from planner.plans.machines import PlannedMachine, planned_machine
from planner.plans.offers import NATIVE_GGUF, NATIVE_SLACK, Offer, offer
from planner.plans.questions import Question
from planner.snapshot import Snapshot, current

DEFAULTS = Question(model="")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the entries that it names, and what there is to run on the machine."""

    question: Question  # its default context cut to what the model was made for
    machine: PlannedMachine
    model: ModelRow
    offer: Offer


@dataclass(frozen=True, slots=True)
class Plan:
    """One question with everything that it was resolved to, and its evaluated plans."""

    question: Question
    snapshot: Snapshot
    machine: PlannedMachine
    model: ModelRow
    offer: Offer
    chosen: int  # number of the chosen format
    contexts: tuple[int, ...]
    plans: PlanSet
    bits_per_weight: tuple[float, ...]  # of the offered formats

    @property
    def stride(self) -> int:
        """Plans per format: the asked one, then one per context of the curves."""
        return 1 + len(self.contexts)

    @property
    def row(self) -> int:
        """Number of the asked plan."""
        return self.chosen * self.stride

    @property
    def format(self) -> FormatRow:
        return self.offer.formats[self.chosen]

    @property
    def kv_format_name(self) -> str:
        slug = self.question.kv_format
        return next(f.name for f in self.snapshot.rows.kv_formats if f.slug == slug)

    @property
    def columns(self) -> Columns:
        return self.plans.columns

    def bits(self, number: int) -> float:
        """Average bits per weight of one offered format for this model."""
        return self.bits_per_weight[number]


def make_plan(question: Question, snapshot: Snapshot | None = None) -> Plan:
    """Resolve and evaluate a question. Raises ``PlanError`` for an impossible one."""
    snapshot = snapshot or current()
    asked = resolve(question, snapshot)
    question, machine, model, offered = asked.question, asked.machine, asked.model, asked.offer
    contexts = curve_contexts(question, model.max_context_tokens)
    plans = evaluate(question, machine, offered, contexts, snapshot)
    stride = 1 + len(contexts)
    bits = _bits_per_weight(plans.columns["weights_bytes"][::stride], model, snapshot)
    chosen = chosen_format(asked, verdict_names(plans.columns)[::stride], bits, snapshot)
    return Plan(question, snapshot, machine, model, offered, chosen, contexts, plans, bits)


def _bits_per_weight(weights_bytes: Array, model: ModelRow, snapshot: Snapshot) -> tuple[float, ...]:
    parameters = float(snapshot.tables.models.n_parameters[snapshot.tables.model_row[model.slug]])
    return tuple(
        total * 8 / parameters if parameters and math.isfinite(total) else math.nan
        for total in weights_bytes.tolist()
    )


def resolve(question: Question, snapshot: Snapshot) -> Asked:
    """The entries that a question names. Raises ``PlanError`` where there is none or they cannot go together."""
    model = _known_model(question, snapshot)
    question = _within_the_model(question, model)
    machine = planned_machine(question, snapshot)
    offered = offer(question.runtime, machine, model, question.format, snapshot)
    if not offered.formats:
        raise PlanError("format", f"{offered.runtime.name} runs no format of {model.name} on {machine.name}.")
    if question.kv_format not in snapshot.tables.kv_format_row:
        raise PlanError("kv_format", f"The catalog has no KV format “{question.kv_format}”. Choose another.")
    return Asked(question, machine, model, offered)


def _known_model(question: Question, snapshot: Snapshot) -> ModelRow:
    model = snapshot.models.get(question.model)
    if model is None:
        raise PlanError("model", f"The catalog has no model “{question.model}”. Choose another.")
    if snapshot.tables.models.architecture[snapshot.tables.model_row[model.slug]] is None:
        raise PlanError("model", f"The architecture of {model.name} is not published, so it cannot be sized.")
    return model


def _within_the_model(question: Question, model: ModelRow) -> Question:
    """The question with the default context cut to what the model was made for; a longer wish is refused."""
    most = model.max_context_tokens
    if most and question.context_tokens > most:
        if question.context_tokens != DEFAULTS.context_tokens:
            raise PlanError(
                "context_tokens", f"{model.name} was made for at most {most:,} tokens of context."
            )
        question = replace(question, context_tokens=most)
    if question.prompt_tokens > question.context_tokens:
        raise PlanError(
            "prompt_tokens",
            f"A prompt of {question.prompt_tokens:,} tokens does not fit in a context of {question.context_tokens:,}.",
        )
    return question


def chosen_format(asked: Asked, verdicts: Sequence[str], bits: Sequence[float], snapshot: Snapshot) -> int:
    """Number of the format to show: the asked one, or for "auto" the best of the offered ones.

    ``verdicts`` and ``bits`` (a weight) are those of the offered formats.
    """
    formats = asked.offer.formats
    if asked.question.format != "auto":
        return next(i for i, f in enumerate(formats) if f.slug == asked.question.format)
    return best_format(formats, verdicts, bits, _native_bits(asked, bits, snapshot))


def _native_bits(asked: Asked, bits: Sequence[float], snapshot: Snapshot) -> float:
    """Average bits of the published weights; of their GGUF form where that is offered, which keeps the experts."""
    native_format = asked.model.native_format
    for number, fmt in enumerate(asked.offer.formats):
        if fmt.slug == NATIVE_GGUF.get(native_format):
            return bits[number]
    tables = snapshot.tables
    model = tables.model_row[asked.model.slug]
    native = tables.weights.total_bytes[model, tables.format_row[native_format]]
    found = float(native * 8 / tables.models.n_parameters[model])
    return found * NATIVE_SLACK if math.isfinite(found) else 16.0
