"""Answer a question: can this machine run this model, and how fast?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from planner.calibration.activation import ActiveCalibration
from planner.engine.columns import Columns
from planner.engine.verdict import margin_bytes
from planner.measurements.closest import Closest, SetUp, closest
from planner.plans.answer import Answer, ContextPoint, FormatOption, Interval, Provenance
from planner.plans.changes import suggested_changes
from planner.plans.errors import PlanError
from planner.plans.evaluation import Speed, longest_context_of, verdict_names
from planner.plans.explain import formula_steps, memory_parts, notes, speed_of, what_binds
from planner.plans.plan import DEFAULTS, Plan, make_plan
from planner.plans.questions import Question
from planner.plans.wording import verdict_sentence
from planner.snapshot import Snapshot

__all__ = ["PlanError", "answer", "answer_of", "whole_answer"]

# Share of the burst speed that a phone keeps after five to ten minutes, and its range
# (https://arxiv.org/abs/2603.23640; https://github.com/Helldez/BigMoeOnEdge).
SUSTAINED = (0.3, 0.5, 0.9)


def interval(columns: Columns, name: str, row: int) -> Interval | None:
    """A speed with its interval, or ``None`` where it is unknown."""
    value, low, high = (float(columns[f"{name}{end}"][row]) for end in ("", "_low", "_high"))
    return Interval(value, low, high) if all(map(math.isfinite, (value, low, high))) else None


def answer(question: Question, snapshot: Snapshot | None = None) -> Answer:
    """The whole answer to a question, with the measurements nearest to it.

    Raises ``PlanError`` for an impossible one.
    """
    return whole_answer(make_plan(question, snapshot))


def whole_answer(plan: Plan, speed: Speed | None = None) -> Answer:
    """The answer of a plan with the measurements nearest to it. ``speed``: its ``speed_of``, where that is known."""
    return replace(answer_of(plan, speed), closest=closest_measurements(plan))


def answer_of(plan: Plan, speed: Speed | None = None) -> Answer:
    """The answer of a plan, all but the measurements near it. ``speed``: its ``speed_of``, where that is known."""
    question = plan.question
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
    parts, speed = memory_parts(plan), speed or speed_of(plan)
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
        kv_format_name=plan.kv_format_name,
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
        parts=parts,
        decode_tps=decode,
        prefill_tps=interval(columns, "prefill_tps", row) if runs else None,
        ttft_ms=interval(columns, "ttft_ms", row) if runs else None,
        prompt_tokens=question.prompt_tokens,
        output_tokens=question.output_tokens,
        speed_unknown_reason=reason,
        sustained_decode_tps=_sustained(plan, decode),
        binding=what_binds(speed, verdict),
        max_context_tokens=longest or None,
        model_max_context_tokens=plan.model.max_context_tokens,
        formats=_format_options(plan, names),
        contexts=_context_points(plan, names),
        steps=formula_steps(plan, verdict, parts, speed),
        changes=suggested_changes(plan, longest),
        notes=notes(plan, verdict),
        snapshot=plan.snapshot.sha256,
        calibration=plan.snapshot.calibration.sha256,
        provenance=_provenance(plan.snapshot.active),
        device=spec.device.slug if spec.device.slug in plan.snapshot.devices else "",
    )


def _provenance(active: ActiveCalibration) -> Provenance:
    registered = active.registered.date().isoformat() if active.registered else ""
    return Provenance(active.name, registered, sum(active.rows.values()), active.measured_until)


def closest_measurements(plan: Plan) -> tuple[Closest, ...]:
    """The published measurements nearest to a plan."""
    spec, question = plan.machine.spec, plan.question
    set_up = SetUp(
        device=spec.device,
        device_count=spec.device_count,
        model=plan.model.slug,
        format=plan.format.slug,
        runtime=plan.offer.runtime.slug,
        backend=plan.offer.backend,
        users=question.concurrency,
        depth_tokens=int(plan.plans.tables.workloads.depth_tokens[0]),
        prompt_tokens=question.prompt_tokens,
        prompt_matters=question.prompt_tokens != DEFAULTS.prompt_tokens,
    )
    return closest(set_up, plan.snapshot)


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
