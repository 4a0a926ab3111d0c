"""The methodology works one plan through: its numbers are the engine's, and its text says what the code does."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from django.test import Client

from planner.engine.kv import KV_RULES
from planner.engine.levels import AXIS_OF_FIELD, LEVELS
from planner.engine.runtime_buffers import BUFFER_RULES
from planner.evidence.methodology import DEFAULT_QUESTION
from planner.evidence.methodology_levels import (
    COEFFICIENT_WORDS,
    FIELD_WORDS,
    coefficient_lines,
    interval_examples,
)
from planner.evidence.methodology_memory import (
    BUFFER_WORDS,
    KIND_WORDS,
    RULE_WORDS,
    cache_example,
    limit_lines,
)
from planner.evidence.methodology_speed import symbol_lines
from planner.evidence.methodology_weights import weights_example
from planner.plans.explain import speed_of
from planner.plans.plan import make_plan
from planner.plans.questions import Question

pytestmark = pytest.mark.django_db
ADDRESS = "/methodology/"

QUESTIONS = [
    DEFAULT_QUESTION,
    # MoE with latent attention on several cards of a server; windows on a Mac; recurrent state; a phone
    Question(model="deepseek-r1", device="nvidia-h200-sxm-141gb", device_count=8, runtime="vllm"),
    Question(model="gemma-3-27b", machine="macbook-pro-16-m4-max-40-core-gpu-64-gb"),
    Question(model="qwen3-next-80b-a3b", device="nvidia-geforce-rtx-4090", host_memory_gb=128.0),
    Question(model="llama-3-2-3b", machine="iphone-16"),
]


def known(question: Question) -> Question:
    """The question with entries that the catalog has: names of machines change more often than their kinds."""
    from planner.plans import suggest

    machine = suggest.look_up("machine", question.machine or question.device).entry
    model = suggest.look_up("model", question.model).entry
    assert machine is not None, question
    assert model is not None, question
    is_machine = machine.kind == "machine"
    return replace(
        question,
        model=model.slug,
        machine=machine.slug if is_machine else "",
        device="" if is_machine else machine.slug,
    )


@pytest.fixture(params=range(len(QUESTIONS)), ids=lambda i: QUESTIONS[i].model)
def plan(request: pytest.FixtureRequest):
    return make_plan(known(QUESTIONS[request.param]))


def test_the_parts_of_the_weights_add_up_to_the_engines(plan):
    found = weights_example(plan)
    assert sum(line.bytes_by_rule for line in found.classes if line.counted) == pytest.approx(
        found.by_rule_bytes
    )
    assert found.by_rule_bytes * found.published_factor == pytest.approx(
        float(plan.columns["weights_bytes"][plan.row])
    )
    if not plan.format.rules.get("approximate"):
        assert found.published_factor == pytest.approx(1.0, rel=1e-9)
    assert sum(line.parameters for line in found.classes if line.counted) == found.total_parameters


def test_the_layers_of_the_cache_add_up_to_the_engines(plan):
    found = cache_example(plan)
    parts = (sum(line.bytes for line in found.lines) + found.indexer_bytes) * found.copies + found.state_bytes
    assert parts == pytest.approx(float(plan.columns["kv_bytes"][plan.row]))
    for line in found.lines:
        assert line.bytes == pytest.approx(line.n_layers * line.cells * line.bytes_per_token)


def test_the_levels_multiply_to_the_engines_coefficients(plan):
    _, coefficients = speed_of(plan)
    found = {line.name: line for line in coefficient_lines(plan)}
    assert found.keys() == LEVELS.keys()
    for name, line in found.items():
        assert line.value == pytest.approx(float(getattr(coefficients, name).ravel()[0]), rel=1e-9)
        assert line.value == pytest.approx(math.prod(part.factor for part in line.lines), rel=1e-9)


def test_scale_and_ends_give_the_engines_intervals(plan):
    for example in interval_examples(plan):
        assert example.value * example.low_factor == pytest.approx(example.low, rel=1e-6)
        assert example.value * example.high_factor == pytest.approx(example.high, rel=1e-6)


def test_the_plans_own_limit_comes_first(plan):
    first, *others = limit_lines(plan)
    assert first.platform == plan.machine.spec.platform
    assert first.is_this_plans
    assert not any(line.is_this_plans for line in others)
    assert len(others) >= 10


def test_known_figures_of_the_usual_example():
    """Llama 3.1 8B has 8,030,261,248 weights; its cache takes 128 KiB a token in F16, published by its shapes."""
    plan = make_plan(DEFAULT_QUESTION)
    assert weights_example(plan).total_parameters == 8_030_261_248
    (layers,) = cache_example(plan).lines
    assert layers.n_layers * layers.bytes_per_token == 128 * 1024
    assert layers.cells == 8192
    values = {line.symbol: line.value for line in symbol_lines(plan)}
    assert values["BW"] == "1,008 GB/s"
    assert values["P"] == "82.58 TFLOP/s"
    assert values["L"] == "32"


def test_everything_that_the_engine_knows_has_its_words():
    assert set(LEVELS) <= set(COEFFICIENT_WORDS), "say in methodology_levels.py what a new coefficient is"
    assert set(AXIS_OF_FIELD) <= set(FIELD_WORDS), "say in methodology_levels.py what a new field is"
    assert set(KV_RULES) == set(RULE_WORDS)
    assert set(BUFFER_RULES) == set(BUFFER_WORDS)
    assert set(KIND_WORDS) == {"full", "sliding", "mla", "linear", "shared", "compressed"}


def text_of(client: Client, query: str = "", status: int = 200) -> str:
    response = client.get(f"{ADDRESS}{query}")
    assert response.status_code == status
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_page_shows_every_section_and_coefficient(client: Client):
    html = text_of(client)
    for section in ("parameters", "weights", "kv-cache", "buffers", "limits", "verdict", "decode", "prefill"):
        assert f'<section class="block" id="{section}"' in html
    for section in ("first-token", "beyond", "intervals", "calibration", "not-modelled"):
        assert f'<section class="block" id="{section}"' in html
    for name in LEVELS:
        assert f'id="c-{name}"' in html
    assert "8,030,261,248" in html
    assert "128 × 16.00 bits" in html


def test_another_plan_is_worked_through_by_its_address(client: Client):
    html = text_of(client, "?machine=MacBook+Air+M4+16+GB&model=Qwen3-30B-A3B&format=mlx-4bit")
    assert "share of the experts" in html
    assert "macOS working-set limit" in html


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?machine=RTX+4090&model=nonesuch-of-that-name", "No language model is called"),
        ("?machine=RTX+4090", "Say which language model"),
        ("?machine=RTX+4090&model=llama-3-1-8b&context=0", "more than 0"),
        ("?machine=RTX+4090&model=llama-3-1-8b&nonsense=1", "no part of a question"),
        ("?machine=%00&model=%ff", "character that no name has"),
        ("?machine=RTX+4090&model=llama-3-1-8b&context=200000", "made for at most 131,072 tokens"),
    ],
)
def test_what_cannot_be_worked_through_is_said_and_the_usual_example_shown(
    client: Client, query: str, said: str
):
    html = text_of(client, query, status=422)
    assert said in html
    assert "Below is the usual example" in html
    assert "8,030,261,248" in html


def test_a_plan_of_unknown_speed_says_so(client: Client):
    html = text_of(client, "?memory=24&model=llama-3-1-8b&format=q4-k-m")
    assert "Speed: unknown for this plan" in html
    assert "no interval" in html


def test_a_plan_that_does_not_fit_still_shows_its_memory(client: Client):
    html = text_of(client, "?machine=RTX+4090&model=DeepSeek-R1&format=q4-k-m")
    assert "does not fit" in html
    assert "Speed: unknown for this plan" in html


def test_it_loads_no_fitting_library(manage):
    """scipy costs every web process its import: pages do without it."""
    done = manage(
        "shell",
        "-v0",
        "-c",
        "import sys, planner.urls; assert 'scipy' not in sys.modules, 'a page imports scipy'",
    )
    assert done.returncode == 0, done.stderr
