"""Predicted against measured on the page of the accuracy: the scatter, and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils.safestring import SafeString

from planner import figures
from planner.calibration.heldout import HeldOut
from planner.charts.scatter import Cloud, scatter
from planner.evidence.accuracy_words import MetricWords, count, percent, platform_words

# where the table behind the scatter divides the measured values: half decades
BINS_A_DECADE = 2


@dataclass(frozen=True, slots=True)
class Bin:
    """A stretch of measured values, for the table behind the scatter."""

    measured: str
    rows: str
    low: str
    middle: str
    high: str
    inside: str


def _pairs(values: HeldOut) -> list[tuple[float, float]]:
    return list(zip(values.measured.tolist(), values.predicted.tolist(), strict=True))


def scatter_chart(values: HeldOut, words: MetricWords, platform: str) -> SafeString:
    """The chart; with a platform its points stand before all others."""
    mine = values.platform == platform if platform else np.ones(len(values), dtype=np.bool_)
    front = values.take(mine)
    of_platform = f" on {platform_words(platform)}" if platform else ""
    within_factor = float(np.mean(np.abs(np.log(front.predicted / front.measured)) < np.log(2.0)))
    return scatter(
        Cloud(
            inside=_pairs(front.take(front.inside)),
            outside=_pairs(front.take(~front.inside)),
            behind=_pairs(values.take(~mine)),
        ),
        title=f"{words.name}: predicted against measured{of_platform}",
        description=(
            f"{count(len(front))} measurements{of_platform}, logarithmic axes: {percent(within_factor)} of the "
            "predictions lie between half and twice the measured value. The table below gives the same in figures."
        ),
        unit=words.unit,
    )


def shown(value: float, words: MetricWords) -> str:
    """A value of the quantity with its unit."""
    return figures.duration(value) if words.is_time else figures.rate(value)


def bins(values: HeldOut, words: MetricWords) -> tuple[Bin, ...]:
    """Predicted over measured by half decades of the measured value."""
    place = np.floor(np.log10(values.measured) * BINS_A_DECADE).astype(np.int64)
    found = []
    for step in np.unique(place):
        part = values.take(place == step)
        low, middle, high = np.quantile(part.predicted / part.measured, [0.1, 0.5, 0.9])
        ends = (10.0 ** (step / BINS_A_DECADE), 10.0 ** ((step + 1) / BINS_A_DECADE))
        found.append(
            Bin(
                measured=" to ".join(shown(end, words) for end in ends),
                rows=count(len(part)),
                low=figures.number(low, 2),
                middle=figures.number(middle, 2),
                high=figures.number(high, 2),
                inside=percent(float(np.mean(part.inside))),
            )
        )
    return tuple(found)
