"""Counts, sizes and times of sweeps in words."""

from __future__ import annotations

import math

from planner import figures
from planner.figures import NBSP

_SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_COUNTS = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def count(number: float) -> str:
    """A count that may be large: "950,400", "12.4 million"."""
    for size, word in _COUNTS:
        if number >= 0.9995 * size:
            return f"{figures.number_short(number / size)}{NBSP}{word}"
    return f"{round(number):,}"


def counted(number: float, one: str, many: str) -> str:
    """A count with its noun: "1 plan", "12.4 million plans"."""
    return f"{count(number)}{NBSP}{one if number == 1 else many}"


def size(n_bytes: float | None, digits: int = 3) -> str:
    """Bytes on a disk as "12.4 MB" (decimal)."""
    if n_bytes is None or not math.isfinite(n_bytes):
        return figures.UNKNOWN
    for unit, word in _SIZES:
        if n_bytes >= 0.9995 * unit:
            return f"{figures.number_short(n_bytes / unit, digits)}{NBSP}{word}"
    return f"{round(n_bytes)}{NBSP}bytes"


def seconds(value: float | None) -> str:
    """A time that somebody waits: "less than a second", "12 s", "4 min", "3.5 h", "4 days"."""
    if value is None or not math.isfinite(value):
        return figures.UNKNOWN
    if value < 1:
        return "less than a second"
    for limit, unit, word in ((99.5, 1, "s"), (99.5 * 60, 60, "min"), (47.5 * 3600, 3600, "h")):
        if value < limit:
            decimals = 1 if word == "h" and value / unit < 9.95 else 0
            return f"{figures.number(value / unit, decimals)}{NBSP}{word}"
    return f"{figures.number(value / 86_400, 0)}{NBSP}days"


def about_seconds(value: float) -> str:
    """A time that is estimated."""
    return seconds(value) if value < 1 else f"about {seconds(value)}"


def about_size(n_bytes: float) -> str:
    """Room on a disk that is estimated: two digits."""
    return f"about {size(n_bytes, 2)}"


def rows(number: int, n_plans: int, *, is_at_most: bool) -> str:
    """Rows that are expected to be kept, of so many plans: two digits where that is an estimate."""
    if number == n_plans:
        return counted(number, "row", "rows")
    if is_at_most:
        return f"fewer than {counted(number, 'row', 'rows')}"
    return f"about {counted(round(number, figures.decimals_for(number, 2)), 'row', 'rows')}"


def speed(per_s: float) -> str:
    """Plans a second: two digits, since it changes from one second to the next."""
    return count(round(per_s, figures.decimals_for(per_s, 2)))


def listed(names: list[str]) -> str:
    """Names in a row: "a", "a and b", "a, b and c"."""
    return names[-1] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
