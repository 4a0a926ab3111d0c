"""Figures as a person reads them: sane digits, units in the text, "unknown" where there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from planner.engine.units import GB, GIB


class Range(Protocol):
    """A value with its interval, all three in one unit."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


UNKNOWN = "unknown"
MINUS = "\N{MINUS SIGN}"
# No-break space: a figure and its unit stay on one line.
NBSP = "\N{NO-BREAK SPACE}"


def decimals_for(value: float, digits: int) -> int:
    """Decimals that show ``value`` with ``digits`` significant digits (negative: round the integer part)."""
    if value == 0 or not math.isfinite(value):
        return 0
    return digits - 1 - math.floor(math.log10(abs(value)))


def number(value: float, decimals: int) -> str:
    """``value`` with thousands separators and a minus sign; negative ``decimals`` round the integer part."""
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return text.replace("-", MINUS)


def significant(value: float, digits: int) -> str:
    """``value`` with ``digits`` significant digits, integers never shortened by an exponent."""
    return number(value, decimals_for(value, digits))


def memory_decimals(value_bytes: float) -> int:
    """Decimals for a memory figure: two below 10 GiB, one below 1000, none above."""
    size = abs(value_bytes) / GIB
    return 2 if size < 9.995 else 1 if size < 999.5 else 0


def gib(value_bytes: float | None) -> str:
    """Bytes as "12.4 GiB"."""
    if value_bytes is None or not math.isfinite(value_bytes):
        return UNKNOWN
    return f"{number(value_bytes / GIB, memory_decimals(value_bytes))}{NBSP}GiB"


def gib_like(value_bytes: float, like_bytes: float) -> str:
    """Bytes in GiB without unit, with the decimals that ``like_bytes`` gets, so that a column lines up."""
    decimals = memory_decimals(like_bytes)
    smallest = 10.0**-decimals
    if 0 < value_bytes / GIB < smallest / 2:
        return f"<{NBSP}{smallest:.{decimals}f}"
    return number(value_bytes / GIB, decimals)


def gb(value_bytes: float | None) -> str:
    """Bytes of a file as "4.92 GB" (decimal)."""
    if value_bytes is None or not math.isfinite(value_bytes):
        return UNKNOWN
    size = value_bytes / GB
    return f"{number(size, 2 if size < 9.995 else 1 if size < 99.95 else 0)}{NBSP}GB"


def nominal_gb(sizes: Sequence[float]) -> str:
    """Memory sizes as sold: "24 GB", "16, 24 or 32 GB"."""
    if not sizes:
        return UNKNOWN
    shown = [f"{size:,g}" for size in sizes]
    listed = shown[-1] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
    return f"{listed}{NBSP}GB"


def gb_per_s(bytes_per_s: float | None) -> str:
    """A rate of bytes as "1,008 GB/s" (decimal)."""
    if bytes_per_s is None or not math.isfinite(bytes_per_s):
        return UNKNOWN
    return f"{number_short(bytes_per_s / GB, 4)}{NBSP}GB/s"


def tera(per_s: float | None, unit: str) -> str:
    """A rate of operations in 10¹² a second: "165 TFLOPS", "38 TOPS"."""
    if per_s is None or not math.isfinite(per_s):
        return UNKNOWN
    return f"{number_short(per_s / 1e12)}{NBSP}{unit}"


def billions(count: float | None) -> str:
    """A count in billions (10⁹), bare: "8.03", "671", "0.135"."""
    return UNKNOWN if count is None or not math.isfinite(count) else number_short(count / 1e9)


def number_short(value: float, digits: int = 3) -> str:
    """``value`` with so many significant digits, all digits of its integer part, no trailing zeros."""
    text = number(value, max(0, decimals_for(value, digits)))
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate_decimals(value: float) -> int:
    """Decimals for tokens per second: two significant digits, three from 100 on."""
    return min(decimals_for(value, 3 if value >= 100 else 2), 2)


def rate(value: float | None) -> str:
    """Tokens per second as a bare figure: "31", "2.4", "1,870"."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return number(value, rate_decimals(value))


def rate_range(interval: Range | None) -> str:
    """The 90 % interval of a rate, "27 to 36", each end with the digits of the middle value or finer."""
    if interval is None:
        return UNKNOWN
    ends = (interval.low, interval.high)
    return " to ".join(
        number(end, max(rate_decimals(interval.value), min(rate_decimals(end), 1))) for end in ends
    )


def duration_parts(milliseconds: float) -> tuple[str, str]:
    """A duration as (figure, unit): ("380", "ms"), ("2.1", "s"), ("3.5", "min"), ("2.0", "h")."""
    for limit, size, unit in (
        (995.0, 1.0, "ms"),
        (119_500.0, 1000.0, "s"),
        (119.5 * 60_000, 60_000.0, "min"),
    ):
        if milliseconds < limit:
            value = milliseconds / size
            return number(value, min(decimals_for(value, 2), 1)), unit
    value = milliseconds / 3_600_000
    return number(value, min(decimals_for(value, 2), 1)), "h"


def duration(milliseconds: float | None) -> str:
    """A duration with its unit."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return UNKNOWN
    figure, unit = duration_parts(milliseconds)
    return f"{figure}{NBSP}{unit}"


def duration_range(interval: Range | None) -> str:
    """The 90 % interval of a duration; the unit once where both ends share it."""
    if interval is None:
        return UNKNOWN
    (low, low_unit), (high, high_unit) = duration_parts(interval.low), duration_parts(interval.high)
    if low_unit == high_unit:
        return f"{low} to {high}{NBSP}{high_unit}"
    return f"{low}{NBSP}{low_unit} to {high}{NBSP}{high_unit}"


def tokens(count: float | None) -> str:
    """A count of tokens in full: "131,072"."""
    return UNKNOWN if count is None else f"{round(count):,}"


def tokens_short(count: int) -> str:
    """A count of tokens on an axis: "8k", "128k", "1M" where it is a round binary figure, else in full."""
    for size, letter in ((2**20, "M"), (2**10, "k")):
        if count >= size and count % size == 0:
            return f"{count // size:,}{letter}"
    return f"{count:,}"


def bits(value: float) -> str:
    """Bits per weight: "4.85", "16.00"."""
    return f"{value:.2f}"


def share(part: float, whole: float) -> str:
    """A share in per cent without false precision."""
    if whole <= 0:
        return UNKNOWN
    percent = 100 * part / whole
    return f"<{NBSP}1{NBSP}%" if 0 < percent < 0.5 else f"{percent:.0f}{NBSP}%"
