"""Sizing obeys what everybody expects of it, and every candidate is the plan that the pages would work out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.plans import services
from planner.serving.evaluation import MOST_SEQUENCES
from planner.serving.questions import ServingQuestion
from planner.serving.setups import curves, plan_question, ranking, shown
from planner.serving.sizing import BREAKS, MEMORY, NOTHING, TPOT, TTFT, Sizing, requests_per_s, size, tpot_ms

pytestmark = pytest.mark.django_db
# a few devices' worth of candidates, so that a law is tried on many questions
SMALL = ServingQuestion("llama-3-1-8b", device="nvidia-geforce-rtx-4090")
BIG = ServingQuestion("llama-3-3-70b-instruct", device="nvidia-h100-sxm5-80-gb")
tried = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
asked = st.builds(
    replace,
    st.sampled_from([SMALL, BIG]),
    concurrency=st.integers(1, 3000),
    prompt_tokens=st.integers(16, 8192),
    output_tokens=st.integers(16, 1024),
    ttft_ms=st.floats(50, 10_000),
    tpot_ms=st.floats(5, 200),
)


def by_set_up(sizing: Sizing) -> dict[tuple[int, int, int], int]:
    """Numbers of the set-ups by machine, format and program."""
    found = sizing.found
    rows = (found.machine[sizing.which], found.format[sizing.which], found.program[sizing.which])
    return {key: i for i, key in enumerate(zip(*(row.tolist() for row in rows), strict=True))}


@tried
@given(asked, st.floats(1, 3), st.floats(1, 3))
def test_looser_limits_never_remove_a_candidate(
    question: ServingQuestion, more: float, longer: float
) -> None:
    tight = size(question)
    loose = size(replace(question, tpot_ms=question.tpot_ms * more, ttft_ms=question.ttft_ms * longer))
    before, after = by_set_up(tight), by_set_up(loose)
    assert before.keys() <= after.keys()
    for key, i in before.items():
        assert loose.replicas[after[key]] <= tight.replicas[i]
        assert loose.most_sequences[after[key]] >= tight.most_sequences[i]


@tried
@given(asked, st.integers(0, 2000))
def test_more_load_is_never_cheaper(question: ServingQuestion, more: int) -> None:
    less, much = size(question), size(replace(question, concurrency=(question.concurrency or 0) + more))
    before, after = by_set_up(less), by_set_up(much)
    assert after.keys() <= before.keys()
    for key, i in after.items():
        assert much.replicas[i] >= less.replicas[before[key]]
        old, new = less.price_usd[before[key]], much.price_usd[i]
        assert new >= old or np.isnan(old)


@tried
@given(asked, st.floats(0.01, 100), st.floats(1, 4))
def test_more_requests_a_second_are_never_cheaper(
    question: ServingQuestion, rate: float, more: float
) -> None:
    question = replace(question, concurrency=None, requests_per_s=rate)
    less, much = size(question), size(replace(question, requests_per_s=rate * more))
    before, after = by_set_up(less), by_set_up(much)
    assert after.keys() <= before.keys()
    assert all(much.replicas[i] >= less.replicas[before[key]] for key, i in after.items())


@tried
@given(asked)
def test_one_more_conversation_than_the_most_breaks_what_is_said(question: ServingQuestion) -> None:
    sizing = size(question)
    within = sizing.evaluator.at(sizing.which, sizing.most_sequences)
    assert (tpot_ms(within) <= question.tpot_ms).all()
    assert (within["ttft_ms"] <= question.ttft_ms).all()
    assert (within["verdict"] <= 1).all()
    at_most = sizing.most_sequences == MOST_SEQUENCES
    assert ((sizing.breaks == BREAKS.index(NOTHING)) == at_most).all()
    rest = np.flatnonzero(~at_most)
    beyond = sizing.evaluator.at(sizing.which[rest], sizing.most_sequences[rest] + 1)
    broken = {
        MEMORY: beyond["verdict"] > 1,
        TPOT: tpot_ms(beyond) > question.tpot_ms,
        TTFT: beyond["ttft_ms"] > question.ttft_ms,
    }
    for place, number in enumerate(sizing.breaks[rest].tolist()):
        assert broken[BREAKS[number]][place]


@tried
@given(asked, st.floats(0.01, 100))
def test_requests_a_second_follow_littles_law(question: ServingQuestion, rate: float) -> None:
    question = replace(question, concurrency=None, requests_per_s=rate)
    sizing = size(question)
    each = rate / sizing.replicas
    answered = requests_per_s(question, sizing.columns, sizing.sequences)
    assert (answered >= each * (1 - 1e-6)).all()
    several = np.flatnonzero(sizing.sequences > 1)
    fewer = sizing.sequences[several] - 1
    too_few = requests_per_s(question, sizing.evaluator.at(sizing.which[several], fewer), fewer)
    assert (too_few < each[several]).all()
    assert (sizing.sequences <= sizing.most_sequences).all()


@tried
@given(asked)
def test_instances_carry_the_load_and_one_fewer_would_not(question: ServingQuestion) -> None:
    sizing, load = size(question), question.concurrency or 0
    assert (sizing.sequences * sizing.replicas >= load).all()
    assert (sizing.sequences <= sizing.most_sequences).all()
    assert ((sizing.replicas - 1) * sizing.most_sequences < load).all()
    assert (sizing.devices <= question.most_devices).all()


@pytest.mark.parametrize(
    "question",
    [
        ServingQuestion("llama-3-1-8b", concurrency=40),
        ServingQuestion("gpt-oss-120b", concurrency=None, requests_per_s=3.0),
        ServingQuestion("deepseek-r1", concurrency=8, prompt_tokens=4000),
        ServingQuestion("qwen3-8b", runtime="ollama", format="q4-k-m", concurrency=4),
    ],
    ids=lambda question: question.model,
)
def test_a_candidate_is_the_plan_that_the_pages_work_out(question: ServingQuestion) -> None:
    sizing = size(question)
    ranked = ranking(sizing)
    found = shown(sizing, ranked, np.concatenate([ranked.priced[:6], ranked.unpriced[:6]]))
    assert found
    for one in found:
        answer = services.answer(plan_question(sizing, one))
        assert answer.verdict == one.verdict
        assert answer.need_bytes == pytest.approx(one.need_bytes)
        assert answer.binding == one.limited_by
        for mine, theirs in ((one.decode_tps, answer.decode_tps), (one.ttft_ms, answer.ttft_ms)):
            assert theirs is not None
            assert (mine.value, mine.low, mine.high) == pytest.approx((theirs.value, theirs.low, theirs.high))


def test_a_candidate_is_the_plan_of_the_rest_interface(client: Client) -> None:
    asked = {"model": "llama-3-1-8b", "device": "RTX 4090", "concurrency": 100, "limit": 1}
    one = client.post("/api/v1/serving/", asked, content_type="application/json").json()["set_ups"][0]
    question: dict[str, Any] = {
        "device": one["device"],
        "count": one["devices_per_instance"],
        "model": "llama-3-1-8b",
        "format": one["format"],
        "runtime": one["runtime"],
        "context_tokens": 1280,
        "prompt_tokens": 1024,
        "output_tokens": 256,
        "concurrency": one["concurrency"],
    }
    plan = client.post("/api/v1/plans/", question, content_type="application/json").json()
    assert plan["verdict"] == one["verdict"]
    assert plan["memory"]["need_bytes"] == one["need_bytes"]
    assert plan["speed"]["decode_tps"]["value"] == pytest.approx(one["decode_tps"]["value"], rel=1e-4)
    assert plan["speed"]["ttft_ms"]["value"] == pytest.approx(one["ttft_ms"]["value"], rel=1e-4)


def test_the_ranking_is_by_price_and_leaves_unknown_prices_apart() -> None:
    sizing = size(ServingQuestion("llama-3-1-8b"))
    ranked, every = ranking(sizing), ranking(sizing, every=True)
    prices = sizing.price_usd[ranked.priced]
    assert (np.diff(prices) >= 0).all()
    assert np.isnan(sizing.price_usd[ranked.unpriced]).all()
    assert len(every.priced) + len(every.unpriced) == len(sizing)
    assert every.priced[0] == ranked.priced[0]
    assert (np.diff(sizing.devices[ranked.unpriced]) >= 0).all()
    devices = [one.device for one in shown(sizing, ranked, ranked.priced)]
    assert len(devices) == len(set(devices))
    assert all(one.others >= 0 for one in shown(sizing, ranked, ranked.priced[:5]))


def test_all_that_were_looked_at_are_accounted_for() -> None:
    for question in (SMALL, BIG, replace(SMALL, tpot_ms=1.0), replace(BIG, most_devices=1)):
        sizing = size(question)
        assert len(sizing) + sum(sizing.refused.values()) == len(sizing.found)


def test_curves_rise_with_the_load_as_far_as_the_memory_goes() -> None:
    sizing = size(ServingQuestion("llama-3-1-8b", device="nvidia-geforce-rtx-4090"))
    ranked = ranking(sizing, every=True)
    for points, number in zip(curves(sizing, ranked.priced[:6]), ranked.priced[:6], strict=True):
        assert [p.concurrency for p in points] == sorted({p.concurrency for p in points})
        assert all(a.tpot_ms <= b.tpot_ms for a, b in pairwise(points))
        assert all(p.holds == (p.concurrency <= sizing.most_sequences[number]) for p in points)
