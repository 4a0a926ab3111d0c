"""What the page of an answer shows: figures put into words and charts drawn, nothing computed anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from planner import figures
from planner.charts import reading
from planner.charts.context_curves import memory_curve, speed_curve
from planner.charts.memory_bar import memory_bar
from planner.charts.speed_scale import speed_scale
from planner.engine.verdict import WORDS
from planner.measurements.lines import Line
from planner.plans.answer import Answer
from planner.plans.querystring import question_query
from planner.plans.questions import Question

NINETY = "in nine of ten published measurements that were kept aside, the truth lay within it"


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part of the memory with its figure in the column's decimals."""

    key: str
    label: str
    figure: str
    explanation: str


READING = {
    "value": reading.READING_TPS.value,
    "url": reading.READING_SOURCE_URL,
    "tokens_url": reading.TOKENS_SOURCE_URL,
}


def answer_context(answer: Answer, question: Question) -> dict[str, Any]:
    """Everything the answer's templates need."""
    return {
        "answer": answer,
        "question": question,
        "format_slug": next((option.slug for option in answer.formats if option.chosen), ""),
        "title": f"{answer.model_name} on {answer.machine_name}: {WORDS[answer.verdict]} · Sizewise",
        "query": question_query(question),
        "helpful": tuple(change for change in answer.changes if change.verdict == "fits" and change.query)[
            :2
        ],
        "address": reverse("plans:index"),
        "formats": tuple(
            (option, question_query(replace(question, format=option.slug))) for option in answer.formats
        ),
        "nearest_said": nearest_said(answer),
        "closest_rows": tuple(closest_row(near.line, near.differs) for near in answer.closest),
        **memory_context(answer),
        **speed_context(answer),
    }


@lru_cache(maxsize=2048)
def closest_row(line: Line, differs: tuple[str, ...]) -> SafeString:
    """One measurement near the plan as a row of the table: the same few stand near many plans."""
    return render_to_string("plans/closest_row.html", {"line": line, "differs": differs})


def nearest_said(answer: Answer) -> str:
    """What the measurements near the plan come to, in one plain sentence or two."""
    found = answer.closest
    if not found:
        return "The catalog holds no measurement that a plan can be compared with."
    compared = [near for near in found if near.line.verdict]
    inside = sum(near.line.verdict == "inside" for near in compared)
    held = f"{inside} of {len(compared)} lie within the range that we predict for them." if compared else ""
    if all(near.is_far for near in found):
        return f"The catalog holds no measurement of anything like this plan; these are the nearest. {held}"
    if not any(near.same_device for near in found):
        return f"None of them is of this very device. {held}"
    return held


def memory_context(answer: Answer) -> dict[str, Any]:
    """The memory bar and its table."""
    return {
        "memory_bar": memory_bar(answer),
        "parts": tuple(
            PartLine(part.key, part.label, figures.gib_like(part.bytes, answer.need_bytes), part.explanation)
            for part in answer.parts
        ),
        "need_figure": figures.gib(answer.need_bytes),
        "limit_figure": figures.gib(answer.limit_bytes),
        "high_figure": figures.gib(answer.need_high_bytes),
        "host_figure": figures.gib(answer.host_need_bytes),
        "longest_figure": figures.tokens(answer.max_context_tokens) if answer.max_context_tokens else "none",
        "spare_figure": figures.gib(abs(answer.spare_bytes)),
        "high_text": (
            "The upper bound: what differs between versions of the program is taken at its largest. "
            f"It fits for certain where this leaves {figures.gib(answer.margin_bytes)} below the limit."
        ),
    }


def speed_context(answer: Answer) -> dict[str, Any]:
    """The three speeds, each with where it comes from."""
    found: dict[str, Any] = {
        "reading": READING,
        "memory_curve": memory_curve(answer),
        "speed_curve": speed_curve(answer),
    }
    if answer.decode_tps is not None:
        decode = answer.decode_tps
        found["speed_scale"] = speed_scale(decode)
        found["decode_figure"] = figures.rate(decode.value)
        found["beside_reading"] = reading.beside_reading(decode.value)
        found["decode_text"] = (
            f"From what the machine must read from memory for each token; limited by {answer.binding}. "
            f"The range is {figures.rate_range(decode)}: {NINETY}."
        )
    if answer.prefill_tps is not None:
        found["prefill_figure"] = figures.rate(answer.prefill_tps.value)
        found["prefill_text"] = (
            "The arithmetic for each token of the prompt, over the share of the compute that is reached. "
            f"The range is {figures.rate_range(answer.prefill_tps)}: {NINETY}."
        )
    if answer.ttft_ms is not None:
        found["ttft_figure"], found["ttft_unit"] = figures.duration_parts(answer.ttft_ms.value)
        found["ttft_text"] = (
            f"The time to read a prompt of {figures.tokens(answer.prompt_tokens)} tokens and write one. "
            f"The range is {figures.duration_range(answer.ttft_ms)}: {NINETY}."
        )
    return found
