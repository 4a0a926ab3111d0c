"""Laws of the KV cache that hold for every model, rule and format."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planner.engine.kv import (
    KV_RULES,
    CachePlan,
    cache_bytes,
    cache_capacity_tokens,
    cache_read_bytes,
    cache_table,
)
from tests.engine.memory_logs import architectures

SLUGS = sorted(architectures())
TABLE = cache_table([architectures()[slug] for slug in SLUGS])

plans = st.builds(
    lambda model, context, sequences, batch, key, value, rule, mla: (
        TABLE.take(np.array([model])),
        CachePlan(
            *(np.array([x], dtype=float) for x in (context, sequences, batch, key, value)),
            rule=np.array([rule]),
            mla_mode=np.array([mla]),
        ),
    ),
    st.integers(0, len(SLUGS) - 1),
    st.integers(1, 2_000_000),
    st.integers(1, 64),
    st.sampled_from([1, 32, 512, 2048, 8192]),
    st.sampled_from([0.5625, 1.0, 1.0625, 2.0]),
    st.sampled_from([0.5625, 1.0, 1.0625, 2.0]),
    st.integers(0, len(KV_RULES) - 1),
    st.sampled_from([0, 1, 3]),
)


@settings(max_examples=300, deadline=None)
@given(plans, st.integers(0, 500_000))
def test_more_context_never_takes_less_memory(case: tuple, more: int) -> None:
    table, plan = case
    larger = replace(plan, context_tokens=plan.context_tokens + more)
    assert cache_bytes(table, larger).total >= cache_bytes(table, plan).total


@settings(max_examples=300, deadline=None)
@given(plans, st.integers(1, 8))
def test_more_users_with_the_same_context_each_never_take_less(case: tuple, factor: int) -> None:
    table, plan = case
    grown = replace(plan, context_tokens=plan.context_tokens * factor, n_sequences=plan.n_sequences * factor)
    assert cache_bytes(table, grown).total >= cache_bytes(table, plan).total


@settings(max_examples=300, deadline=None)
@given(plans, st.floats(0, 1))
def test_a_step_reads_no_more_than_is_kept(case: tuple, share: float) -> None:
    table, plan = case
    one = replace(plan, n_sequences=np.array([1.0]))
    depth = one.context_tokens * share
    kept = cache_bytes(table, one)
    read = cache_read_bytes(table, one, depth)
    assert 0 <= read <= kept.total + kept.state + 1  # state is read and written


@settings(max_examples=300, deadline=None)
@given(plans, st.floats(1, 1e13))
def test_the_capacity_fits_into_what_is_available(case: tuple, available: float) -> None:
    table, plan = case
    flat = replace(plan, n_sequences=np.array([1.0]), rule=np.array([KV_RULES.index("paged_flat")]))
    assume((table.compression == 1).all())  # compressed attention keeps a window beside its entries
    tokens = cache_capacity_tokens(table, flat, np.array([available]))
    if 0 < tokens < np.inf:
        assert cache_bytes(table, replace(flat, context_tokens=tokens)).total <= available * (1 + 1e-9)


def test_many_plans_at_once_equal_one_by_one() -> None:
    n = 200
    rng = np.random.default_rng(7)
    model = rng.integers(0, len(SLUGS), n)
    plan = CachePlan(
        rng.integers(1, 300_000, n).astype(float),
        rng.integers(1, 9, n).astype(float),
        rng.choice([32.0, 512.0, 2048.0], n),
        rng.choice([0.5625, 2.0], n),
        rng.choice([0.5625, 2.0], n),
        rng.integers(0, len(KV_RULES), n),
        rng.choice([0, 1, 3], n),
    )
    together = cache_bytes(TABLE.take(model), plan).total
    for i in range(n):
        alone = CachePlan(*(getattr(plan, name)[[i]] for name in CachePlan.__dataclass_fields__))
        assert cache_bytes(TABLE.take(model[[i]]), alone).total[0] == together[i]
