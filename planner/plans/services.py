"""Answer a question: can this machine run this model, and how fast?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from hardware_catalog.rows import FormatRow, ModelRow
from planner.engine.columns import Columns
from planner.engine.verdict import margin_bytes
from planner.plans.answer import Answer, ContextPoint, FormatOption, Interval
from planner.plans.changes import suggested_changes
from planner.plans.errors import PlanError
from planner.plans.evaluation import (
    PlanSet,
    best_format,
    curve_contexts,
    evaluate,
    longest_context_of,
    verdict_names,
)
from planner.plans.explain import formula_steps, memory_parts, notes, what_binds
from planner.plans.machines import PlannedMachine, planned_machine
from planner.plans.offers import NATIVE_GGUF, NATIVE_SLACK, Offer, offer
from planner.plans.questions import Question
from planner.plans.snapshot import Snapshot, current
from planner.plans.wording import verdict_sentence

__all__ = ["PlanError", "answer"]

# Share of the burst speed that a phone keeps after five to ten minutes, and its range
# (https://arxiv.org/abs/2603.23640; https://github.com/Helldez/BigMoeOnEdge).
SUSTAINED = (0.3, 0.5, 0.9)


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
    def columns(self) -> Columns:
        return self.plans.columns

    def bits(self, number: int) -> float:
        """Average bits per weight of one offered format for this model."""
        total = float(self.columns["weights_bytes"][number * self.stride])
        parameters = float(
            self.snapshot.tables.models.n_parameters[self.snapshot.tables.model_row[self.model.slug]]
        )
        return total * 8 / parameters if parameters and math.isfinite(total) else float("nan")


def make_plan(question: Question, snapshot: Snapshot | None = None) -> Plan:
    """Resolve and evaluate a question. Raises ``PlanError`` for an impossible one."""
    snapshot = snapshot or current()
    model = _checked_model(question, snapshot)
    machine = planned_machine(question, snapshot)
    offered = offer(question.runtime, machine, model, question.format, snapshot)
    if not offered.formats:
        raise PlanError("format", f"{offered.runtime.name} runs no format of {model.name} on {machine.name}.")
    if question.kv_format not in snapshot.tables.kv_format_row:
        raise PlanError("kv_format", f"The catalog has no KV format “{question.kv_format}”. Choose another.")
    contexts = curve_contexts(question, model.max_context_tokens)
    plans = evaluate(question, machine, offered, contexts, snapshot)
    plan = Plan(question, snapshot, machine, model, offered, 0, contexts, plans)
    return replace(plan, chosen=_chosen_format(plan))


def _checked_model(question: Question, snapshot: Snapshot) -> ModelRow:
    model = snapshot.models.get(question.model)
    if model is None:
        raise PlanError("model", f"The catalog has no model “{question.model}”. Choose another.")
    if snapshot.tables.models.architecture[snapshot.tables.model_row[model.slug]] is None:
        raise PlanError("model", f"The architecture of {model.name} is not published, so it cannot be sized.")
    most = model.max_context_tokens
    if most and question.context_tokens > most:
        raise PlanError("context_tokens", f"{model.name} was made for at most {most:,} tokens of context.")
    if question.prompt_tokens > question.context_tokens:
        raise PlanError(
            "prompt_tokens",
            f"A prompt of {question.prompt_tokens:,} tokens does not fit in a context of {question.context_tokens:,}.",
        )
    return model


def _chosen_format(plan: Plan) -> int:
    asked = plan.question.format
    formats = plan.offer.formats
    if asked != "auto":
        return next(i for i, f in enumerate(formats) if f.slug == asked)
    names = verdict_names(plan.columns)
    verdicts = [names[i * plan.stride] for i in range(len(formats))]
    bits = [plan.bits(i) for i in range(len(formats))]
    return best_format(formats, verdicts, bits, _native_bits(plan))


def _native_bits(plan: Plan) -> float:
    """Average bits of the published weights; of their GGUF form where that is offered, which keeps the experts."""
    for number, fmt in enumerate(plan.offer.formats):
        if fmt.slug == NATIVE_GGUF.get(plan.model.native_format):
            return plan.bits(number)
    tables = plan.snapshot.tables
    model = tables.model_row[plan.model.slug]
    native = tables.weights.total_bytes[model, tables.format_row[plan.model.native_format]]
    bits = float(native * 8 / tables.models.n_parameters[model])
    return bits * NATIVE_SLACK if math.isfinite(bits) else 16.0


def interval(columns: Columns, name: str, row: int) -> Interval | None:
    """A speed with its interval, or ``None`` where it is unknown."""
    value, low, high = (float(columns[f"{name}{end}"][row]) for end in ("", "_low", "_high"))
    return Interval(value, low, high) if all(map(math.isfinite, (value, low, high))) else None


def answer(question: Question, snapshot: Snapshot | None = None) -> Answer:
    """The whole answer to a question. Raises ``PlanError`` for an impossible one."""
    plan = make_plan(question, snapshot)
    columns, row = plan.columns, plan.row
    names = verdict_names(columns)
    verdict = names[row]
    figure = {name: float(columns[name][row]) for name in columns.arrays}
    runs = verdict in ("fits", "tight", "offload") and not plan.offer.refused_format
    decode = interval(columns, "decode_tps", row) if runs else None
    reason = "" if decode else _speed_unknown(plan, verdict)
    longest = longest_context_of(plan.plans, row, plan.model.max_context_tokens or plan.contexts[-1])
    limit = figure["limit_bytes"]
    spec = plan.machine.spec
    rule = plan.snapshot.limits.rules[plan.snapshot.limits.index(spec.platform)]
    return Answer(
        sentence=verdict_sentence(
            verdict,
            need_bytes=figure["need_bytes"],
            limit_bytes=limit,
            host_need_bytes=figure["host_need_bytes"],
            decode=decode,
            speed_unknown_reason=reason if verdict != "no" else "",
        ),
        verdict=verdict,
        machine_name=plan.machine.name,
        model_name=plan.model.name,
        format_name=plan.format.name,
        runtime_name=f"{plan.offer.runtime.name} ({plan.offer.backend})",
        kv_format_name=question.kv_format,
        device_count=spec.device_count,
        context_tokens=question.context_tokens,
        concurrency=question.concurrency,
        need_bytes=figure["need_bytes"],
        need_high_bytes=figure["need_high_bytes"],
        limit_bytes=limit,
        margin_bytes=float(margin_bytes(np.array([limit]))[0]),
        spare_bytes=limit - figure["need_bytes"],
        capacity_bytes=spec.memory_bytes * spec.device_count,
        held_bytes=question.held_bytes,
        host_need_bytes=figure["host_need_bytes"],
        host_limit_bytes=figure["host_limit_bytes"],
        limit_explanation=rule.explanation,
        limit_source_url=rule.source(spec.memory_bytes),
        parts=memory_parts(plan),
        decode_tps=decode,
        prefill_tps=interval(columns, "prefill_tps", row) if runs else None,
        ttft_ms=interval(columns, "ttft_ms", row) if runs else None,
        prompt_tokens=question.prompt_tokens,
        output_tokens=question.output_tokens,
        speed_unknown_reason=reason,
        sustained_decode_tps=_sustained(plan, decode),
        binding=what_binds(plan, verdict),
        max_context_tokens=longest or None,
        model_max_context_tokens=plan.model.max_context_tokens,
        formats=_format_options(plan, names),
        contexts=_context_points(plan, names),
        steps=formula_steps(plan),
        changes=suggested_changes(plan, longest),
        notes=notes(plan),
        snapshot=plan.snapshot.sha256,
        calibration=plan.snapshot.calibration.sha256,
    )


def _speed_unknown(plan: Plan, verdict: str) -> str:
    device = plan.machine.spec.device
    if plan.offer.refused_format:
        return plan.offer.refused_format
    if device.bandwidth_bytes_per_s is None:
        return f"no source states the memory bandwidth of {device.name}."
    if verdict == "offload":
        return "the speed of the main memory beside it is not stated."
    return "it does not fit in this machine's memory."


def _sustained(plan: Plan, decode: Interval | None) -> Interval | None:
    """What a phone keeps up after some minutes of writing."""
    if decode is None or plan.machine.spec.device.kind not in ("phone", "tablet"):
        return None
    low, central, high = SUSTAINED
    return Interval(decode.value * central, decode.low * low, decode.high * high)


def _format_options(plan: Plan, names: list[str]) -> tuple[FormatOption, ...]:
    tables = plan.snapshot.tables
    model = tables.model_row[plan.model.slug]
    options = []
    for number, fmt in enumerate(plan.offer.formats):
        row = number * plan.stride
        need = float(plan.columns["need_bytes"][row])
        if not math.isfinite(need):
            continue
        runs = names[row] in ("fits", "tight", "offload")
        options.append(
            FormatOption(
                slug=fmt.slug,
                name=fmt.name,
                bits_per_weight=plan.bits(number),
                memory_bytes=need,
                download_bytes=float(tables.weights.file_bytes[model, tables.format_row[fmt.slug]]),
                verdict=names[row],
                decode_tps=interval(plan.columns, "decode_tps", row) if runs else None,
                chosen=number == plan.chosen,
            )
        )
    return tuple(sorted(options, key=lambda o: -o.bits_per_weight))


def _context_points(plan: Plan, names: list[str]) -> tuple[ContextPoint, ...]:
    points = []
    for i, context in enumerate(plan.contexts, start=1):
        row = plan.row + i
        runs = names[row] in ("fits", "tight", "offload")
        points.append(
            ContextPoint(
                context_tokens=context,
                memory_bytes=float(plan.columns["need_bytes"][row]),
                verdict=names[row],
                decode_tps=interval(plan.columns, "decode_tps", row) if runs else None,
                prefill_tps=interval(plan.columns, "prefill_tps", row) if runs else None,
            )
        )
    return tuple(points)
