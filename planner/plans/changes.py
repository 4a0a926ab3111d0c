"""What would change the answer: a smaller format, less context, a smaller cache, more memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.engine.verdict import VERDICTS
from planner.figures import gib, tokens_short
from planner.plans.answer import Change
from planner.plans.plan import Plan
from planner.plans.querystring import question_query

CONTEXT_STEP = 1024
# the cache format that people turn to first
SMALLER_CACHE = "q8_0"


def suggested_changes(plan: Plan, longest_context: int) -> tuple[Change, ...]:
    """Changes of one thing that make the verdict better, or room for more; none that makes no difference."""
    verdict = VERDICTS[int(plan.columns["verdict"][plan.row])]
    if verdict == "fits":
        return (*_wider_format(plan), *_longer_context(plan, longest_context))
    return (
        *_smaller_format(plan),
        *_shorter_context(plan, longest_context),
        *_smaller_cache(plan),
        *_more_memory(plan),
    )


def _verdict_of(plan: Plan, number: int) -> str:
    return VERDICTS[int(plan.columns["verdict"][number * plan.stride])]


def _change(plan: Plan, text: str, verdict: str, **changed: object) -> Change:
    question = replace(plan.question, **changed)  # type: ignore[arg-type]
    return Change(text, question_query(question), verdict)


def _smaller_format(plan: Plan) -> tuple[Change, ...]:
    """The widest format that fits better than the asked one."""
    order = ("fits", "tight")
    current = _verdict_of(plan, plan.chosen)
    better = order[: order.index(current)] if current in order else order
    for wanted in better:
        numbers = [i for i in range(len(plan.offer.formats)) if _verdict_of(plan, i) == wanted]
        if numbers:
            best = max(numbers, key=plan.bits)
            fmt = plan.offer.formats[best]
            text = f"Store the weights in {fmt.name}, about {plan.bits(best):.1f} bits each"
            return (_change(plan, text, wanted, format=fmt.slug),)
    return ()


def _wider_format(plan: Plan) -> tuple[Change, ...]:
    """The next wider format that still fits, where the person chose a narrower one."""
    numbers = [
        i
        for i in range(len(plan.offer.formats))
        if _verdict_of(plan, i) == "fits" and plan.bits(i) > plan.bits(plan.chosen) * 1.05
    ]
    if plan.question.format == "auto" or not numbers:
        return ()
    best = max(numbers, key=plan.bits)
    fmt = plan.offer.formats[best]
    return (
        _change(
            plan,
            f"{fmt.name} fits too, with about {plan.bits(best):.1f} bits a weight",
            "fits",
            format=fmt.slug,
        ),
    )


def _shorter_context(plan: Plan, longest_context: int) -> tuple[Change, ...]:
    shorter = longest_context // CONTEXT_STEP * CONTEXT_STEP
    if not 0 < shorter < plan.question.context_tokens:
        return ()
    prompt = min(plan.question.prompt_tokens, shorter)
    text = f"Keep {tokens_short(shorter)} tokens of context instead of {tokens_short(plan.question.context_tokens)}"
    return (
        _change(plan, text, "tight", context_tokens=shorter, prompt_tokens=prompt, format=plan.format.slug),
    )


def _longer_context(plan: Plan, longest_context: int) -> tuple[Change, ...]:
    if longest_context <= plan.question.context_tokens:
        return ()
    text = f"There is room for up to {tokens_short(longest_context)} tokens of context"
    return (_change(plan, text, "tight", context_tokens=longest_context, format=plan.format.slug),)


def _smaller_cache(plan: Plan) -> tuple[Change, ...]:
    """The cache in 8 bits, where that alone is enough to fit."""
    formats = plan.snapshot.tables
    if plan.question.kv_format != "f16" or SMALLER_CACHE not in formats.kv_format_row:
        return ()
    taken = [
        rule["kv_formats"] for rule in plan.offer.runtime.supports if rule["backend"] == plan.offer.backend
    ]
    if not any(SMALLER_CACHE in kv_formats for kv_formats in taken):
        return ()
    bits = formats.kv_formats.key_bits
    row, small = formats.kv_format_row["f16"], formats.kv_format_row[SMALLER_CACHE]
    saved = float(plan.columns["kv_bytes"][plan.row]) * (1 - float(bits[small] / bits[row]))
    missing = float(plan.columns["need_bytes"][plan.row] - plan.columns["limit_bytes"][plan.row])
    if not np.isfinite(missing) or saved < max(missing, 0.0) or saved < 2**28:
        return ()
    text = f"Store the KV cache in 8 bits ({SMALLER_CACHE.upper()}), which saves {gib(saved)}"
    return (_change(plan, text, "tight", kv_format=SMALLER_CACHE, format=plan.format.slug),)


def _more_memory(plan: Plan) -> tuple[Change, ...]:
    """How much memory is missing."""
    missing = float(plan.columns["need_bytes"][plan.row] - plan.columns["limit_bytes"][plan.row])
    if not np.isfinite(missing) or missing <= 0:
        return ()
    return (Change(f"It would need {gib(missing)} more memory than {plan.machine.name} can give", "", ""),)
