"""What is kept from one question to the next changes no answer: with it and without, the numbers are the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.engine.verdict import longest_context
from planner.plans import evaluation
from planner.plans.evaluation import longest_context_of
from planner.plans.plan import make_plan
from planner.plans.questions import OwnDevice, Question

pytestmark = pytest.mark.django_db
QUESTIONS = [
    Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4090"),
    Question(model="deepseek-r1", machine="mac-studio-m3-ultra-80-core-gpu-512-gb"),
    Question(model="gpt-oss-20b", device="nvidia-geforce-rtx-3090", device_count=2, host_memory_gb=64),
    Question(model="qwen3-8b", own_device=OwnDevice(12 * 2**30, 400e9, None), held_bytes=2**30),
]
ASKED = {"context_tokens": 20_000, "concurrency": 3, "prompt_tokens": 2_000, "output_tokens": 64}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.model)
def test_a_set_up_that_was_asked_about_before_answers_the_same(question: Question) -> None:
    other = replace(question, **ASKED)
    evaluation._Held.bound.clear()
    fresh = make_plan(other)
    evaluation._Held.bound.clear()
    make_plan(question)
    n_kept = len(evaluation._Held.bound)
    again = make_plan(other)
    assert len(evaluation._Held.bound) == n_kept == 1
    for name, values in fresh.columns.arrays.items():
        np.testing.assert_array_equal(again.columns[name], values, err_msg=name)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.model)
def test_the_longest_context_is_that_of_a_search_of_all(
    question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(replace(question, **ASKED))
    most = plan.model.max_context_tokens or plan.contexts[-1]
    rows = [number * plan.stride for number in range(len(plan.offer.formats))]
    found = [longest_context_of(plan.plans, row, most) for row in rows]

    def searching_all(*args: object, known: object = None, **options: object) -> int:
        return longest_context(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluation, "longest_context", searching_all)
    plan.plans.longest.clear()
    assert found == [longest_context_of(plan.plans, row, most) for row in rows]
    assert any(found)
