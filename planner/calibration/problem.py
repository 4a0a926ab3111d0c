"""From observations to a fitting problem: parameters from the levels, and predictions by the engine's formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planner.calibration.fit import Parameter, Predict, Problem, Settings, members_matrix
from planner.engine.levels import LEVELS, Values, key_of, share_of
from planner.engine.speed import Coefficients, SpeedInputs, decode_step_seconds, prefill_seconds, ttft_seconds
from planner.engine.tables import Floats

Rows = npt.NDArray[np.int64] | npt.NDArray[np.bool_]

METRICS = ("decode", "prefill", "ttft", "served_decode", "served_ttft")
# of them, what is a time (in milliseconds) and not a rate
TIMES = ("ttft", "served_ttft")

# where the iteration starts; the base level is not pooled, so these only need the right order of magnitude
START: Mapping[str, float] = {
    "weights": np.log(1.4),
    "experts": np.log(1.3),
    "kv": np.log(1.5),
    "layer": np.log(30e-6),
    "step": np.log(0.3e-3),
    "prefill_pass": np.log(60e-6),
    "prefill": np.log(1.5),
    "expert_pad": np.log(16.0),
    "prefill_attention": np.log(3.0),
    "first_token": np.log(5e-3),
    "sequence": np.log(10e-6),
    "comm": 0.0,
    "mix": np.log(0.5),
    "queue": np.log(0.2),
}


@dataclass(frozen=True, slots=True)
class Observations:
    """Usable measurements. Arrays have shape [n]; ``values[i]`` holds row i's level fields."""

    ids: npt.NDArray[np.str_]
    metric: npt.NDArray[np.str_]  # "decode" | "prefill" | "ttft"
    log_seconds: Floats  # per decode step, or per whole prompt
    inputs: SpeedInputs
    values: tuple[Values, ...]
    family: npt.NDArray[np.str_]
    model: npt.NDArray[np.str_]
    date_weight: Floats  # newer counts more; 0 for rows that are judged but teach nothing

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Rows) -> Observations:
        """The given rows."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        inputs = SpeedInputs(**{f.name: getattr(self.inputs, f.name)[index] for f in fields(SpeedInputs)})
        return replace(
            self,
            ids=self.ids[index],
            metric=self.metric[index],
            log_seconds=self.log_seconds[index],
            inputs=inputs,
            values=tuple(self.values[i] for i in index),
            family=self.family[index],
            model=self.model[index],
            date_weight=self.date_weight[index],
        )


_FORMULAS: Mapping[str, Callable[[SpeedInputs, Coefficients], Floats]] = {
    "decode": decode_step_seconds,
    "prefill": prefill_seconds,
    "ttft": ttft_seconds,
    "served_decode": decode_step_seconds,
    "served_ttft": ttft_seconds,
}


def predictor(observations: Observations) -> Predict:
    """What gives the log seconds of every row, by the engine's formula for its metric, from log coefficients."""
    parts = []
    for metric, formula in _FORMULAS.items():
        chosen = np.flatnonzero(observations.metric == metric)
        parts.append((chosen, formula, observations.take(chosen).inputs))

    def predict(logs: Mapping[str, Floats]) -> Floats:
        result = np.empty(len(observations))
        for chosen, formula, inputs in parts:
            coefficients = {name: np.exp(np.clip(logs[name][chosen], -40, 40)) for name in LEVELS}
            result[chosen] = np.log(formula(inputs, Coefficients(**coefficients)))
        return result

    return predict


def predict_log_seconds(observations: Observations, logs: Mapping[str, Floats]) -> Floats:
    """Log seconds of every row by the engine's formula for its metric."""
    return predictor(observations)(logs)


def _entries(observations: Observations) -> dict[str, list[list[tuple[str, str, float]]]]:
    """For each coefficient and row: (level's name, key, share) of every level effect that applies."""
    return {
        name: [
            [
                ("|".join(level), key_of(level, values), share)
                for level in levels
                if (share := share_of(level, values)) != 0.0
            ]
            for values in observations.values
        ]
        for name, levels in LEVELS.items()
    }


@dataclass(frozen=True, slots=True)
class Design:
    """Which effects every row sums: built once, then cut to the rows of each fold."""

    observations: Observations
    parameters: tuple[Parameter, ...]
    members: Mapping[str, sparse.csr_array]

    @classmethod
    def build(cls, observations: Observations) -> Design:
        """All level effects that the rows touch, in a fixed order."""
        entries = _entries(observations)
        found = {(name, *entry[:2]) for name, rows in entries.items() for row in rows for entry in row}
        parameters = tuple(Parameter(*entry) for entry in sorted(found))
        number = {(p.coefficient, p.level, p.key): i for i, p in enumerate(parameters)}
        members = {
            name: members_matrix(
                [[(number[name, level, key], share) for level, key, share in row] for row in rows],
                len(parameters),
            )
            for name, rows in entries.items()
        }
        return cls(observations, parameters, members)

    def problem(self, settings: Settings, rows: Rows, row_weight: Floats) -> Problem:
        """The problem of fitting the given rows. Effects that only other rows touch stay at their prior mean, zero."""
        chosen = self.observations.take(rows)
        return Problem(
            parameters=self.parameters,
            members={name: matrix[rows] for name, matrix in self.members.items()},
            prior_sd=np.array([settings.prior_sd(p) for p in self.parameters]),
            start=np.array([START[p.coefficient] if p.level == "" else 0.0 for p in self.parameters]),
            log_seconds=chosen.log_seconds,
            row_weight=row_weight,
            predict=predictor(chosen),
        )

    def predict(self, effects: Floats, rows: Rows) -> Floats:
        """Log seconds of the given rows with the given effects."""
        logs = {name: matrix[rows] @ effects for name, matrix in self.members.items()}
        return predict_log_seconds(self.observations.take(rows), logs)
