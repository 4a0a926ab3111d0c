"""Figures are written with sane digits, units and "unknown"."""

from __future__ import annotations

import math

import pytest

from planner import figures
from planner.plans.answer import Interval

GIB = 2**30


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0.00 GiB"),
        (4.581 * GIB, "4.58 GiB"),
        (9.999 * GIB, "10.0 GiB"),
        (12.44 * GIB, "12.4 GiB"),
        (643.2 * GIB, "643.2 GiB"),
        (1536.4 * GIB, "1,536 GiB"),
        (-1.95 * GIB, "−1.95 GiB"),
        (None, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_memory_is_in_gib(size_bytes: float | None, text: str) -> None:
    assert figures.gib(size_bytes).replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_column_keeps_one_number_of_decimals() -> None:
    assert [figures.gib_like(part * GIB, 643 * GIB) for part in (638.46, 0.54, 3.6)] == [
        "638.5",
        "0.5",
        "3.6",
    ]
    assert figures.gib_like(0.004 * GIB, 643 * GIB) == "<\N{NO-BREAK SPACE}0.1"


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(4.92e9, "4.92 GB"), (16.07e9, "16.1 GB"), (687e9, "687 GB"), (None, "unknown")]
)
def test_downloads_are_in_decimal_gb(size_bytes: float | None, text: str) -> None:
    assert figures.gb(size_bytes).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("tokens_per_s", "text"),
    [
        (0.318, "0.32"),
        (2.44, "2.4"),
        (31.4, "31"),
        (99.6, "100"),
        (187.3, "187"),
        (1873.0, "1,870"),
        (None, "unknown"),
    ],
)
def test_rates_have_two_or_three_digits(tokens_per_s: float | None, text: str) -> None:
    assert figures.rate(tokens_per_s) == text


def test_a_range_is_no_coarser_than_its_middle() -> None:
    assert figures.rate_range(Interval(31.2, 26.6, 36.4)) == "27 to 36"
    assert figures.rate_range(Interval(9.1, 5.46, 12.74)) == "5.5 to 12.7"
    assert figures.rate_range(None) == "unknown"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (7.24, "7.2 ms"),
        (287.0, "290 ms"),
        (996.0, "1.0 s"),
        (2140.0, "2.1 s"),
        (45_300.0, "45 s"),
        (240_000.0, "4.0 min"),
        (9_000_000.0, "2.5 h"),
        (None, "unknown"),
    ],
)
def test_durations_take_the_unit_a_person_would(milliseconds: float | None, text: str) -> None:
    assert figures.duration(milliseconds).replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_range_of_durations_may_need_two_units() -> None:
    text = figures.duration_range(Interval(900.0, 640.0, 1300.0)).replace("\N{NO-BREAK SPACE}", " ")
    assert text == "640 ms to 1.3 s"


@pytest.mark.parametrize(("count", "text"), [(8192, "8k"), (1048576, "1M"), (10000, "10,000"), (512, "512")])
def test_contexts_are_short_where_they_are_round(count: int, text: str) -> None:
    assert figures.tokens_short(count) == text


@pytest.mark.parametrize(
    ("sizes", "text"), [((), "unknown"), ((24.0,), "24 GB"), ((16.0, 24.0, 1024.0), "16, 24 or 1,024 GB")]
)
def test_memory_as_sold(sizes: tuple[float, ...], text: str) -> None:
    assert figures.nominal_gb(sizes).replace("\N{NO-BREAK SPACE}", " ") == text


def test_figures_of_devices_and_models_keep_what_their_makers_state() -> None:
    assert figures.gb_per_s(1008e9).split() == ["1,008", "GB/s"]
    assert figures.gb_per_s(112.1e9).split() == ["112.1", "GB/s"]
    assert figures.gb_per_s(None) == "unknown"
    assert figures.tera(165.2e12, "TFLOPS").split() == ["165", "TFLOPS"]
    assert figures.tera(0.6e12, "TFLOPS").split() == ["0.6", "TFLOPS"]
    assert figures.tera(float("nan"), "TFLOPS") == "unknown"
    assert [figures.billions(n) for n in (134.4e6, 8.03e9, 671.026e9, None)] == [
        *("0.134", "8.03", "671"),
        "unknown",
    ]
