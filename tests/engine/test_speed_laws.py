"""Laws of speed that hold for any plan: more bandwidth is never slower, more context never faster."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.engine.speed import (
    Coefficients,
    SpeedInputs,
    decode_step_seconds,
    experts_touched_share,
    prefill_seconds,
    ttft_seconds,
)

POSITIVE = {
    "dense_bytes": (1e8, 1e12),
    "expert_bytes": (0.0, 1e12),
    "n_experts": (8, 512),
    "n_experts_used": (1, 8),
    "n_layers": (1, 200),
    "active_flops_per_token": (1e8, 1e12),
    "expert_flops_per_token": (0.0, 1e13),
    "bandwidth_bytes_per_s": (1e9, 1e13),
    "peak_flops_per_s": (1e10, 1e16),
    "batch": (1, 512),
    "kv_read_bytes": (0.0, 1e11),
    "prompt_tokens": (1, 200_000),
    "ubatch_tokens": (1, 8192),
    "prefill_attention_flops": (0.0, 1e18),
    "prompt_tokens_per_step": (0.0, 1e4),
    "comm_pass_s": (0.0, 1e-2),
    "comm_token_s": (0.0, 1e-5),
}
COEFFICIENTS = {f.name: (1e-6, 50.0) for f in fields(Coefficients)}


def arrays(ranges: dict[str, tuple[float, float]]) -> st.SearchStrategy[dict[str, np.ndarray]]:
    return st.fixed_dictionaries(
        {name: st.floats(low, high).map(lambda v: np.array([v])) for name, (low, high) in ranges.items()}
    )


plans = arrays(POSITIVE).map(lambda values: SpeedInputs(**values))
coefficients = arrays(COEFFICIENTS).map(lambda values: Coefficients(**values))
more = st.floats(1.0, 10.0)


@given(plans, coefficients, more)
@settings(max_examples=150, deadline=None)
def test_more_bandwidth_or_compute_is_never_slower(x: SpeedInputs, c: Coefficients, factor: float):
    for figure in ("bandwidth_bytes_per_s", "peak_flops_per_s"):
        faster = replace(x, **{figure: getattr(x, figure) * factor})
        for formula in (decode_step_seconds, prefill_seconds, ttft_seconds):
            assert formula(faster, c)[0] <= formula(x, c)[0] * (1 + 1e-12)


@given(plans, coefficients, more)
@settings(max_examples=150, deadline=None)
def test_more_to_read_or_compute_is_never_faster(x: SpeedInputs, c: Coefficients, factor: float):
    for figure in (
        "dense_bytes",
        "expert_bytes",
        "kv_read_bytes",
        "n_layers",
        "active_flops_per_token",
        "batch",
    ):
        slower = replace(x, **{figure: getattr(x, figure) * factor})
        assert decode_step_seconds(slower, c)[0] >= decode_step_seconds(x, c)[0] * (1 - 1e-12)


@given(plans, coefficients)
@settings(max_examples=100, deadline=None)
def test_the_first_token_takes_longer_than_the_prompt(x: SpeedInputs, c: Coefficients):
    assert ttft_seconds(x, c)[0] > prefill_seconds(x, c)[0]


def test_a_step_by_hand():
    one = {name: np.array([1.0]) for name in POSITIVE}
    x = SpeedInputs(
        **one
        | {
            "dense_bytes": np.array([4e9]),
            "expert_bytes": np.array([16e9]),
            "n_experts": np.array([16.0]),
            "n_experts_used": np.array([4.0]),
            "n_layers": np.array([32.0]),
            "bandwidth_bytes_per_s": np.array([1e12]),
            "peak_flops_per_s": np.array([1e14]),
            "kv_read_bytes": np.array([1e9]),
            "prompt_tokens_per_step": np.zeros(1),
            "comm_pass_s": np.zeros(1),
            "comm_token_s": np.zeros(1),
        }
    )
    c = Coefficients(**{name: np.array([1.0]) for name in COEFFICIENTS})
    c = replace(
        c,
        weights=np.array([1.25]),
        experts=np.array([1.5]),
        kv=np.array([2.0]),
        layer=np.array([1e-5]),
        step=np.array([2e-4]),
    )
    # (4 GB + 1.5 x 16 GB x 4/16) x 1.25 / 1 TB/s + 1 GB x 2 / 1 TB/s + 32 x 10 us + 0.2 ms
    assert decode_step_seconds(x, c)[0] == pytest.approx(12.5e-3 + 2e-3 + 0.32e-3 + 0.2e-3)


@pytest.mark.parametrize(
    ("experts", "used", "tokens", "share"),
    [(1, 1, 1, 1.0), (128, 8, 1, 8 / 128), (128, 4, 4, 1 - (124 / 128) ** 4), (8, 8, 3, 1.0)],
)
def test_experts_touched(experts: float, used: float, tokens: float, share: float):
    touched = experts_touched_share(
        np.array([float(experts)]), np.array([float(used)]), np.array([float(tokens)])
    )
    assert touched[0] == pytest.approx(share)
