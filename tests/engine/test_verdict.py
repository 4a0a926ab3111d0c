"""Verdicts: the product's definitions, and laws that they keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.engine.verdict import (
    FITS,
    NO,
    OFFLOAD,
    TIGHT,
    UNKNOWN,
    VERDICTS,
    WORDS,
    Needs,
    Verdict,
    judge,
    longest_context,
    margin_bytes,
)

GIB = 2.0**30


def verdict(
    device: float,
    limit: float,
    *,
    high: float | None = None,
    least: float = 0.0,
    host: float = 0.0,
    host_limit: float = 0.0,
) -> Verdict:
    high = device if high is None else high
    needs = Needs(*(np.array([x * GIB]) for x in (device, high, min(least, device), host)))
    return judge(needs, np.array([limit * GIB]), np.array([host_limit * GIB]))


def word(*args: float, **kwargs: float) -> str:
    return VERDICTS[verdict(*args, **kwargs).code[0]]


def test_every_verdict_has_its_word() -> None:
    assert [WORDS[key] for key in VERDICTS[:4]] == ["fits", "tight", "fits with offload", "does not fit"]


@pytest.mark.parametrize(("limit", "margin"), [(4, 0.5), (10, 0.5), (24, 1.2), (512, 25.6)])
def test_margin_is_half_a_gib_or_5_percent(limit: float, margin: float) -> None:
    assert margin_bytes(np.array([limit * GIB]))[0] / GIB == pytest.approx(margin)


@pytest.mark.parametrize(
    ("device", "expected"), [(7.5, "fits"), (7.51, "tight"), (8.0, "tight"), (8.01, "no")]
)
def test_fits_leaves_the_margin_and_tight_is_within_it(device: float, expected: str) -> None:
    assert word(device, 8) == expected


def test_fits_asks_for_room_for_the_upper_bound() -> None:
    assert word(7.0, 8, high=7.5) == "fits"
    assert word(7.0, 8, high=7.6) == "tight"


def test_offload_needs_stated_host_memory_with_room() -> None:
    assert word(20, 8) == "no"
    assert word(20, 8, host_limit=12) == "offload"
    assert word(20, 8, host_limit=11.9) == "no"
    assert word(20, 8, host=1, host_limit=12.9) == "no"


def test_what_cannot_move_must_fit_on_the_device() -> None:
    assert word(20, 8, least=8.1, host_limit=64) == "no"
    assert word(20, 8, least=7.9, host_limit=64) == "offload"


def test_a_host_without_room_for_its_own_part_spoils_a_fit() -> None:
    assert word(4, 8, host=2, host_limit=1) == "no"
    assert word(4, 8, host=2, host_limit=0) == "fits"  # no host memory stated


def test_bytes_say_what_is_left_or_missing() -> None:
    fits, offload = verdict(6, 8), verdict(20, 8, host=1, host_limit=16)
    assert fits.spare_bytes[0] == 2 * GIB
    assert np.isnan(fits.host_spare_bytes[0])
    assert offload.spare_bytes[0] == -12 * GIB
    assert offload.host_spare_bytes[0] == 3 * GIB


def test_what_is_not_known_is_said_so() -> None:
    assert verdict(np.nan, 8).code[0] == UNKNOWN
    assert verdict(8, np.nan).code[0] == UNKNOWN


amounts = st.floats(0, 2000)


@given(amounts, amounts, amounts, amounts, amounts, amounts, st.floats(0, 500))
def test_more_memory_is_never_a_worse_verdict(
    device: float, extra: float, least: float, host: float, limit: float, host_limit: float, more: float
) -> None:
    before = verdict(device, limit, high=device + extra, least=least, host=host, host_limit=host_limit)
    after = verdict(device, limit + more, high=device + extra, least=least, host=host, host_limit=host_limit)
    assert after.code[0] <= before.code[0]
    if host_limit > 0:
        roomier = verdict(
            device, limit, high=device + extra, least=least, host=host, host_limit=host_limit + more
        )
        assert roomier.code[0] <= before.code[0]


@given(amounts, amounts, amounts, amounts, amounts, st.floats(0, 500))
def test_a_larger_need_is_never_a_better_verdict(
    device: float, extra: float, host: float, limit: float, host_limit: float, more: float
) -> None:
    before = verdict(device, limit, high=device + extra, host=host, host_limit=host_limit)
    after = verdict(device + more, limit, high=device + extra + more, host=host, host_limit=host_limit)
    assert after.code[0] >= before.code[0]


@given(amounts, amounts, amounts, amounts, amounts, amounts)
def test_verdicts_agree_with_their_bytes(
    device: float, extra: float, least: float, host: float, limit: float, host_limit: float
) -> None:
    got = verdict(device, limit, high=device + extra, least=least, host=host, host_limit=host_limit)
    code = got.code[0]
    if code in (FITS, TIGHT):
        assert got.spare_bytes[0] >= 0
    if code == FITS:
        assert (device + extra) * GIB <= limit * GIB - got.margin_bytes[0]
    if code == OFFLOAD:
        assert got.host_spare_bytes[0] >= 0
        assert got.spare_bytes[0] < 0
    if code == NO and host_limit == 0:
        assert got.spare_bytes[0] < 0


@pytest.mark.parametrize(
    ("base", "per_token", "limit", "most", "longest"),
    [
        (0.0, 1000.0, 1e8, 131_072, 99_840),
        (0.0, 3000.0, 1e8, 131_072, 33_280),
        (5e9, 1000.0, 1e8, 131_072, 0),
        (0.0, 1000.0, 1e12, 5000, 5000),
    ],
)
def test_longest_context_is_the_last_that_fits(
    base: float, per_token: float, limit: float, most: int, longest: int
) -> None:
    assert longest_context(lambda context: base + per_token * context, limit, most) == longest


@given(st.floats(1, 1e6), st.floats(0, 1e10), st.floats(1, 1e12), st.integers(256, 2_000_000))
def test_longest_context_fits_and_the_next_step_does_not(
    slope: float, base: float, limit: float, most: int
) -> None:
    def need_at(context: np.ndarray) -> np.ndarray:
        return base + slope * np.ceil(context / 256) * 256

    got = longest_context(need_at, limit, most)
    assert 0 <= got <= most
    if got > 0:
        assert need_at(np.array([got]))[0] <= limit
    if got + 256 <= most:
        assert need_at(np.array([got + 256]))[0] > limit
