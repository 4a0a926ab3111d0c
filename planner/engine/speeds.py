"""The speed columns: decode, prefill and time to the first token, each with its interval; nan where unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from planner.engine.boxes import Cut
from planner.engine.calibration import BoundCoefficients
from planner.engine.factors import Factors
from planner.engine.grid import Axes
from planner.engine.intervals import DOUBT_POWER, METRICS, SERVED, BoundIntervals
from planner.engine.offload import offloaded_decode_seconds
from planner.engine.speed import (
    Coefficients,
    SpeedInputs,
    decode_step_seconds,
    prefill_seconds,
    ttft_of_parts,
)
from planner.engine.tables import Floats

# the column of each metric's prediction; those of its interval are named after it
COLUMN_OF: Mapping[str, str] = {"decode": "decode_tps", "prefill": "prefill_tps", "ttft": "ttft_ms"}
# what is not known of a plan with weights on the host: how prompts are read then depends on how they are batched
_NOT_OFFLOADED = ("prefill", "ttft")


@dataclass(frozen=True, slots=True)
class Split:
    """A factor as the product of what varies with the machine and what does not: neither is large."""

    machine: Floats
    others: Floats

    @classmethod
    def of(cls, factors: Factors, rows: Axes) -> Split:
        return cls(*factors.parts(rows))

    def within(self, cut: Cut) -> Floats:
        """The factor within a box."""
        return np.asarray(cut(self.machine) * cut(self.others))


@dataclass(frozen=True, slots=True)
class SpeedFactors:
    """What a calibration says of the plans of a mesh, whatever their workloads; arrays broadcast to its shape."""

    coefficients: Mapping[str, Split]
    scales: Mapping[str, Split]  # of every metric's interval
    ends: Mapping[str, tuple[Floats, Floats]]

    @classmethod
    def gather(cls, coefficients: BoundCoefficients, intervals: BoundIntervals, rows: Axes) -> SpeedFactors:
        """Gather the factors of the plans at ``rows``."""
        return cls(
            coefficients={name: Split.of(f, rows) for name, f in coefficients.factors.items()},
            scales={metric: Split.of(intervals[metric].scale, rows) for metric in METRICS},
            ends={
                metric: (intervals[metric].low[rows.runtime], intervals[metric].high[rows.runtime])
                for metric in METRICS
            },
        )


@dataclass(frozen=True, slots=True)
class SpeedFigures:
    """What the speeds of the plans of a mesh are made of; arrays broadcast to its shape."""

    inputs: SpeedInputs
    factors: SpeedFactors
    served: Floats  # 1: several sequences or several devices; else 0

    def taken(self, cut: Cut) -> tuple[SpeedInputs, Coefficients]:
        """What the formulas take for the plans of a box."""
        x = SpeedInputs(**{f.name: cut(getattr(self.inputs, f.name)) for f in fields(SpeedInputs)})
        return x, Coefficients(
            **{name: split.within(cut) for name, split in self.factors.coefficients.items()}
        )

    def within(self, cut: Cut) -> Speeds:
        """The speeds of the plans of a box, with everything on the devices."""
        x, c = self.taken(cut)
        step_s, prefill_s = decode_step_seconds(x, c), prefill_seconds(x, c)
        log_ends = self.log_ends(cut)
        columns: dict[str, Floats] = {}
        for metric, values in (
            ("decode", 1.0 / step_s),
            ("prefill", x.prompt_tokens / prefill_s),
            ("ttft", ttft_of_parts(prefill_s, step_s, x, c) * 1e3),
        ):
            columns |= with_interval(metric, values, *log_ends[metric])
        return Speeds(x, c, log_ends, columns)

    def log_ends(self, cut: Cut) -> dict[str, tuple[Floats, Floats]]:
        """Both ends of every metric's interval within a box, as logarithms of factors."""
        served = cut(self.served) > 0
        found = {}
        for metric in COLUMN_OF:
            other = SERVED.get(metric)
            if other is None or not served.any():
                found[metric] = self._ends(metric, cut)
            elif served.all():
                found[metric] = self._ends(other, cut)
            else:
                pairs = zip(self._ends(other, cut), self._ends(metric, cut), strict=True)
                low, high = (np.where(served, several, single) for several, single in pairs)
                found[metric] = (low, high)
        return found

    def _ends(self, metric: str, cut: Cut) -> tuple[Floats, Floats]:
        low, high = self.factors.ends[metric]
        scale = self.factors.scales[metric].within(cut)
        return cut(low) * scale, cut(high) * scale


@dataclass(frozen=True, slots=True)
class Speeds:
    """Speeds of the plans of a box, and what they were computed from; arrays broadcast to its shape."""

    inputs: SpeedInputs
    coefficients: Coefficients
    log_ends: Mapping[str, tuple[Floats, Floats]]  # of every metric's interval
    columns: Mapping[str, Floats]

    def offloaded(
        self, take: Cut, moved_bytes: Floats, host_bandwidth_bytes_per_s: Floats
    ) -> dict[str, Floats | float]:
        """The columns of the plans that ``take`` takes of the box, with ``moved_bytes`` of weights on the host."""
        x = SpeedInputs(**{f.name: take(getattr(self.inputs, f.name)) for f in fields(SpeedInputs)})
        c = Coefficients(**{f.name: take(getattr(self.coefficients, f.name)) for f in fields(Coefficients)})
        step_s = offloaded_decode_seconds(x, c, moved_bytes, host_bandwidth_bytes_per_s)
        low, high = (take(end) * DOUBT_POWER for end in self.log_ends["decode"])
        found: dict[str, Floats | float] = {**with_interval("decode", 1.0 / step_s, low, high)}
        for metric in _NOT_OFFLOADED:
            column = COLUMN_OF[metric]
            found |= dict.fromkeys((column, f"{column}_low", f"{column}_high"), np.nan)
        return found


def with_interval(metric: str, values: Floats, log_low: Floats, log_high: Floats) -> dict[str, Floats]:
    """The three columns of a metric."""
    column = COLUMN_OF[metric]
    return {
        column: values,
        f"{column}_low": values * np.exp(log_low),
        f"{column}_high": values * np.exp(log_high),
    }
