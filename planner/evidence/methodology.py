"""What the page of the methodology shows: the formulas, worked through for one plan with the engine's own figures."""

from __future__ import annotations

import math
from typing import Any

from planner.calibration.files import shipped_report
from planner.engine.intervals import DOUBT_POWER
from planner.engine.kv import DSA_TOP_K
from planner.engine.levels import REFERENCE_BANDWIDTH, REFERENCE_BITS, REFERENCE_WIDTH
from planner.engine.memory import APPROXIMATE_WEIGHTS_HIGH, WEIGHTS_HIGH
from planner.engine.need import BUFFERS_HIGH, BUFFERS_HIGH_HOST
from planner.engine.verdict import MARGIN_BYTES, MARGIN_SHARE, WORDS
from planner.evidence.methodology_levels import coefficient_lines, interval_examples
from planner.evidence.methodology_memory import buffer_example, cache_example, limit_lines, verdict_example
from planner.evidence.methodology_speed import decode_and_prefill, symbol_lines
from planner.evidence.methodology_weights import weights_example
from planner.figures import gib
from planner.plans.plan import Plan
from planner.plans.querystring import question_query
from planner.plans.questions import Question
from planner.plans.services import SUSTAINED, answer_of

# What the page works through where nothing else is asked: a card and a model that most readers know.
DEFAULT_QUESTION = Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4090", format="q4-k-m")

SECTIONS = (
    ("parameters", "Counting the model"),
    ("weights", "The weights in bytes"),
    ("kv-cache", "The KV cache"),
    ("buffers", "Buffers and overhead"),
    ("limits", "What a program may use"),
    ("verdict", "The verdict"),
    ("decode", "Speed of writing (decode)"),
    ("prefill", "Reading the prompt (prefill)"),
    ("first-token", "Time to the first token"),
    ("beyond", "Several devices, offload, phones"),
    ("intervals", "The intervals"),
    ("calibration", "The calibration"),
    ("not-modelled", "What is not modelled"),
)


def methodology_context(plan: Plan) -> dict[str, Any]:
    """Everything the page's templates need, for one plan."""
    answer = answer_of(plan)
    decode, prefill, first_token = decode_and_prefill(answer.steps)
    known = math.isfinite(float(plan.columns["decode_tps"][plan.row]))
    return {
        "title": "Methodology · Sizewise",
        "sections": SECTIONS,
        "plan": plan,
        "answer": answer,
        "query": question_query(plan.question),
        "weights": weights_example(plan),
        "cache": cache_example(plan),
        "buffers": buffer_example(plan),
        "limits": limit_lines(plan),
        "judged": verdict_example(plan),
        "verdict_words": WORDS,
        "symbols": symbol_lines(plan),
        "decode_steps": decode,
        "prefill_steps": prefill,
        "first_token_steps": first_token,
        "speed_known": known,
        "intervals": interval_examples(plan) if known else (),
        "coefficients": coefficient_lines(plan),
        "active": plan.snapshot.active,
        "accuracy": plan.snapshot.active.accuracy,
        "fit": shipped_report()["method"],
        "facts": {
            "margin": gib(MARGIN_BYTES),
            "margin_percent": f"{MARGIN_SHARE * 100:g}",
            "weights_high_percent": f"{(WEIGHTS_HIGH - 1) * 100:.0f}",
            "approximate_high_percent": f"{(APPROXIMATE_WEIGHTS_HIGH - 1) * 100:.0f}",
            "buffers_high_percent": f"{(BUFFERS_HIGH - 1) * 100:.0f}",
            "buffers_high_host_percent": f"{(BUFFERS_HIGH_HOST - 1) * 100:.0f}",
            "sparse_tokens": f"{DSA_TOP_K:,}",
            "doubt_power": f"{DOUBT_POWER:g}",
            "sustained": tuple(f"{share * 100:.0f}" for share in SUSTAINED),
            "reference_bandwidth": f"{REFERENCE_BANDWIDTH / 1e9:g}",
            "reference_bits": f"{REFERENCE_BITS:g}",
            "reference_width": f"{REFERENCE_WIDTH:,}",
        },
    }
