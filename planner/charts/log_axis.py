"""A logarithmic axis whose ends and ticks are round: 1, 2 or 5 times a power of ten."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from planner.figures import number

MANTISSAS = (1, 2, 5)
# ends of an axis lie at least this far apart: equal values still get a scale
LEAST_RATIO = 4.0


def _steps(low: float, high: float) -> list[float]:
    """Round values from ``low`` to ``high``, both included."""
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    values = [mantissa * 10.0**power for power in range(first, last + 1) for mantissa in MANTISSAS]
    return [value for value in values if low * 0.999999 <= value <= high * 1.000001]


@dataclass(frozen=True, slots=True)
class LogAxis:
    """From ``low`` to ``high``, both more than 0."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float]) -> LogAxis:
        """Round ends around positive values."""
        known = list(values)
        least, most = min(known), max(known)
        low = _steps(least / 10, least)[-1]
        high = _steps(most, most * 10)[0]
        while high < low * LEAST_RATIO:
            high = _steps(high * 1.01, high * 10.1)[0]
        return cls(low, high)

    def share(self, value: float) -> float:
        """Where a value stands, from 0 to 1; what lies beyond an end stands at it."""
        inside = min(max(value, self.low), self.high)
        return math.log(inside / self.low) / math.log(self.high / self.low)

    def ticks(self, most: int) -> list[float]:
        """At most about ``most`` round values: all steps, else powers of ten, else every so many of those."""
        every = _steps(self.low, self.high)
        if len(every) <= most:
            return every
        tens = [value for value in every if math.isclose(math.log10(value) % 1, 0, abs_tol=1e-9)]
        return tens[:: math.ceil(len(tens) / most)]


def plain(value: float) -> str:
    """A round value in full: "0.05", "20", "5,000"."""
    return number(value, max(0, -math.floor(math.log10(value))))
