"""Laws of several sequences and several devices: what is shared, what is divided, what is added."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.engine.links import DIRECT, NO_LINK, THROUGH_HOST, all_reduce_seconds
from planner.engine.speed import Coefficients, SpeedInputs, decode_step_seconds, ttft_seconds
from tests.engine.test_speed_laws import coefficients, plans


def exchange(
    kind: int, rate: float, n: float, hidden: float = 8192.0, layers: float = 80.0
) -> tuple[float, float]:
    whole, token = all_reduce_seconds(
        np.array([kind]), np.array([rate]), np.array([n]), np.array([hidden]), np.array([layers])
    )
    return float(whole[0]), float(token[0])


@given(plans, coefficients, st.integers(2, 64))
@settings(max_examples=150, deadline=None)
def test_sequences_together_are_faster_in_all_and_slower_each(
    x: SpeedInputs, c: Coefficients, n: int
) -> None:
    one = replace(x, batch=np.ones(1), prompt_tokens_per_step=np.zeros(1))
    many = replace(one, batch=np.array([float(n)]))
    alone, together = decode_step_seconds(one, c)[0], decode_step_seconds(many, c)[0]
    assert together >= alone * (1 - 1e-12)
    free = replace(c, sequence=np.zeros(1))
    assert decode_step_seconds(many, free)[0] <= alone * n * (1 + 1e-9)


@given(plans, coefficients, st.floats(1.0, 1e4))
@settings(max_examples=100, deadline=None)
def test_prompts_of_others_delay_a_step(x: SpeedInputs, c: Coefficients, tokens: float) -> None:
    more = replace(x, prompt_tokens_per_step=x.prompt_tokens_per_step + tokens)
    assert decode_step_seconds(more, c)[0] >= decode_step_seconds(x, c)[0]


@given(plans, coefficients)
@settings(max_examples=100, deadline=None)
def test_a_lone_prompt_waits_for_nobody(x: SpeedInputs, c: Coefficients) -> None:
    alone = replace(x, batch=np.ones(1))
    assert ttft_seconds(alone, c)[0] == ttft_seconds(alone, replace(c, queue=c.queue * 7))[0]


def test_one_device_and_an_unknown_link_exchange_nothing() -> None:
    assert exchange(DIRECT, 450e9, 1.0) == (0.0, 0.0)
    assert exchange(NO_LINK, float("nan"), 8.0) == (0.0, 0.0)


@pytest.mark.parametrize("n", [2.0, 4.0, 8.0])
def test_pcie_is_slower_than_nvlink_and_more_so_with_more_devices(n: float) -> None:
    direct, through = exchange(DIRECT, 450e9, n), exchange(THROUGH_HOST, 32e9, n)
    assert through[0] > direct[0] or n == 2.0
    assert through[1] > 10 * direct[1]
    assert exchange(THROUGH_HOST, 32e9, 2 * n)[1] > through[1]


@pytest.mark.parametrize(
    ("kind", "rate", "n", "elements", "published_us"),
    [  # https://github.com/ai-dynamo/aiconfigurator: medians of graph kernels, bf16
        (DIRECT, 450e9, 8, 65_536, 6.6),  # H100 SXM
        (DIRECT, 900e9, 8, 536_870_912, 2_602.0),  # B200
        (DIRECT, 300e9, 4, 65_536, 7.7),  # A100
        (THROUGH_HOST, 32e9, 2, 1_048_576, 117.0),  # L40S
        (THROUGH_HOST, 64e9, 4, 65_536, 25.0),  # RTX PRO 6000
    ],
)
def test_measured_exchanges_are_met_within_a_third(
    kind: int, rate: float, n: int, elements: int, published_us: float
) -> None:
    whole, token = exchange(kind, rate, float(n), hidden=float(elements), layers=0.5)
    assert (whole + token) * 1e6 == pytest.approx(published_us, rel=0.34)


def test_every_new_input_is_finite_where_it_is_not_used() -> None:
    x = SpeedInputs(**{f.name: np.ones(1) for f in fields(SpeedInputs)})
    c = Coefficients(**{f.name: np.ones(1) for f in fields(Coefficients)})
    assert np.isfinite(decode_step_seconds(x, c)).all()
