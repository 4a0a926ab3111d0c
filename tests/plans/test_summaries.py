"""Brief answers to many questions are the whole answers' own figures."""

from __future__ import annotations

import pytest

from planner.plans.errors import PlanError
from planner.plans.questions import OwnDevice, Question
from planner.plans.services import answer
from planner.plans.summaries import Summary, summaries
from planner.snapshot import current

pytestmark = pytest.mark.django_db

QUESTIONS = (
    Question(model="llama-3-1-8b", machine="macbook-air-13-m4-10-core-gpu-16-gb"),
    Question(model="gpt-oss-20b", device="nvidia-geforce-rtx-4080"),
    Question(model="deepseek-r1", device="nvidia-geforce-rtx-4090"),
    Question(model="qwen3-32b", machine="workstation-with-3-x-rtx-3090-24-gb-128-gb-memory"),
    Question(model="phi-2", machine="iphone-15-pro-max-8-gb-memory"),  # made for 2,048 tokens
    Question(model="qwen3-32b", device="nvidia-geforce-rtx-4090", format="q4-k-m", context_tokens=32768),
    Question(model="llama-3-1-8b", own_device=OwnDevice(24 * 2**30, None, None)),  # no bandwidth: no speed
)


def test_each_is_the_whole_answer_in_brief() -> None:
    found = summaries(QUESTIONS, current())
    verdicts = set()
    for question, brief in zip(QUESTIONS, found, strict=True):
        whole = answer(question)
        assert isinstance(brief, Summary)
        assert (brief.verdict, brief.format_name) == (whole.verdict, whole.format_name)
        assert (brief.need_bytes, brief.limit_bytes) == (whole.need_bytes, whole.limit_bytes)
        assert brief.decode_tps == whole.decode_tps
        chosen = next(option for option in whole.formats if option.chosen)
        assert brief.bits_per_weight == chosen.bits_per_weight
        verdicts.add(brief.verdict)
    assert {"fits", "no"} <= verdicts


def test_an_impossible_question_does_not_stop_the_others() -> None:
    possible = QUESTIONS[0]
    refused, nameless, brief = summaries(
        [
            Question(model="llama-3-1-8b", device="amd-epyc-7002-rome-1-socket"),  # its memory is not stated
            Question(model="no-such-model", device="nvidia-geforce-rtx-4090"),
            possible,
        ],
        current(),
    )
    assert isinstance(refused, PlanError)
    assert refused.field == "memory_gb"
    assert isinstance(nameless, PlanError)
    assert nameless.field == "model"
    assert isinstance(brief, Summary)
    assert brief.question == possible


def test_nothing_asked_is_nothing_answered() -> None:
    assert summaries([], current()) == []
