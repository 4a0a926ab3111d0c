"""An address holds the whole question: what is written there is read back the same, and defaults are left out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.plans.forms import QuestionForm
from planner.plans.querystring import PARAMETERS, question_parameters, question_query
from planner.plans.questions import OwnDevice, Question

CARD = Question(model="llama-3-1-8b", device="nvidia-geforce-rtx-4060")
MAC = Question(model="deepseek-r1", machine="mac-studio-m3-ultra-80-core-gpu-512-gb")
OWN = Question(model="gpt-oss-20b", own_device=OwnDevice(24 * 2**30, 672e9, 88.5e12))

QUESTIONS = [
    CARD,
    MAC,
    OWN,
    replace(OWN, own_device=OwnDevice(0.5 * 2**30, None, None)),
    replace(
        CARD,
        device_count=2,
        host_memory_gb=64.0,
        held_bytes=1.5 * 2**30,
        format="q4-k-m",
        kv_format="q8_0",
        runtime="llama-cpp",
        context_tokens=131072,
        concurrency=4,
        prompt_tokens=2048,
        output_tokens=1024,
    ),
    replace(MAC, host_memory_gb=0.0, context_tokens=1),
]


def read(query: str) -> Question:
    form = QuestionForm(QueryDict(query))
    assert form.is_valid(), form.errors
    return form.question()


@pytest.mark.django_db
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question_query(question)[:60])
def test_what_is_written_is_read_back(question: Question) -> None:
    assert read(question_query(question)) == question


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    memory=st.floats(0.001, 999_999),
    held=st.floats(0, 1000),
    count=st.integers(1, 10_000),
    context=st.integers(1, 100_000_000),
    users=st.integers(1, 100_000),
)
def test_any_figures_are_read_back(memory: float, held: float, count: int, context: int, users: int) -> None:
    question = replace(
        CARD,
        memory_gb=memory,
        held_bytes=held * 2**30,
        device_count=count,
        context_tokens=context,
        concurrency=users,
    )
    found = read(question_query(question))
    assert found.memory_gb == pytest.approx(memory, rel=1e-3, abs=1e-6)
    assert found.held_bytes == pytest.approx(held * 2**30, abs=2**30 * 1e-6)
    assert replace(found, memory_gb=memory, held_bytes=question.held_bytes) == question


def test_defaults_are_left_out() -> None:
    assert question_query(CARD) == "machine=nvidia-geforce-rtx-4060&model=llama-3-1-8b"


def test_every_part_of_a_question_has_its_parameter() -> None:
    everything = replace(QUESTIONS[4], memory_gb=8.0)
    own = question_parameters(OWN)
    assert set(question_parameters(everything)) | set(own) == set(PARAMETERS)
    assert parse_qs(question_query(OWN)) == {
        "memory": ["24"],
        "bandwidth": ["672"],
        "compute": ["88.5"],
        "model": ["gpt-oss-20b"],
    }


@pytest.mark.django_db
def test_what_a_name_says_beside_itself_is_taken() -> None:
    question = read("machine=2x+RTX+4060&model=llama+3.1+8b+q4_k_m&count=1&format=auto")
    assert question == replace(CARD, device_count=2, format="q4-k-m")
    assert read("machine=2x+RTX+4060&model=llama-3-1-8b&count=3").device_count == 3
    assert read("machine=m4+max+64gb&model=llama-3-1-8b").memory_gb == 64


@pytest.mark.django_db
def test_names_are_read_as_people_write_them() -> None:
    question = read("machine=RTX+4060&model=Llama-3.1-8B&context=16k&format=Q4_K_M&kv=Q8_0")
    assert question == replace(CARD, context_tokens=16384, format="q4-k-m", kv_format="q8_0")
