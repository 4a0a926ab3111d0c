"""How strongly groups are drawn to their parents: prior standard deviations of level effects.

Empirical Bayes proposes: with a level's effects normal around zero, the standard deviation that makes the measurements
most likely is found by alternating a fit with an update of every level's (the evidence procedure of D. J. C. MacKay,
https://doi.org/10.1162/neco.1992.4.3.415, section 5, and the EM step; their geometric mean settles faster than either).
A level that explains nothing shrinks to nothing. The likelihood knows nothing of testers who differ, so held-out error
decides: a proposal is kept in pooling.json where cross-validation by tester is better with it. The stored file took
those of the decode coefficients and those of the prefill coefficients from two proposals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from planner.calibration.fit import Fit, Parameter, Settings, solve
from planner.calibration.problem import Design
from planner.engine.tables import Floats

PATH = Path(__file__).parent / "pooling.json"
ROUNDS = 8
LEAST, MOST = 0.02, 2.0
# Few measurements tell the small fixed parts of a step apart: they stay near their start (log units).
MOST_OF_COEFFICIENT: Mapping[str, float] = {"first_token": 0.7, "step": 1.0}

Report = Callable[[int, int], None]


def group_of(parameter: Parameter) -> str:
    """Name of the group of effects that share a standard deviation."""
    return f"{parameter.coefficient}:{parameter.level}"


def stored() -> dict[str, float]:
    """The chosen standard deviations, log units, by group."""
    found: dict[str, float] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def dumps(level_sd: Mapping[str, float]) -> str:
    """The file's text: sorted, three significant digits."""
    rounded = {group: float(f"{sd:.3g}") for group, sd in level_sd.items()}
    return json.dumps(rounded, indent=1, sort_keys=True) + "\n"


def pool(design: Design, settings: Settings, row_weight: Floats, report: Report) -> dict[str, float]:
    """Propose standard deviations of every group of pooled effects, starting from those of ``settings``."""
    rows = np.arange(len(design.observations))
    groups = np.array([group_of(parameter) for parameter in design.parameters])
    level_sd = dict(
        sorted(
            (group_of(p), settings.prior_sd(p))
            for p in design.parameters
            if np.isfinite(settings.prior_sd(p))
        )
    )
    for done in range(ROUNDS):
        current = replace(settings, level_sd=level_sd)
        problem = design.problem(current, rows, row_weight)
        fit = solve(problem, current)
        deviations = fit.effects - problem.start
        level_sd = {
            group: _updated(group, sd, fit, deviations, np.flatnonzero(groups == group))
            for group, sd in level_sd.items()
        }
        report(done + 1, ROUNDS)
    return level_sd


def _updated(group: str, sd: float, fit: Fit, deviations: Floats, members: np.ndarray) -> float:
    """The group's next standard deviation, from its effects and their posterior variances."""
    touched = members[fit.counts[members] > 0]
    if not len(touched):
        return sd
    squares, variances = deviations[touched] ** 2, fit.standard_errors[touched] ** 2
    determined = float(np.sum(1.0 - variances / sd**2))  # how many effects the data decide
    expected = np.sqrt(np.mean(squares + variances))
    evidence = np.sqrt(np.sum(squares) / determined) if determined > 1e-3 else LEAST
    most = MOST_OF_COEFFICIENT.get(group.partition(":")[0], MOST)
    return float(np.clip(np.sqrt(expected * evidence), LEAST, most))
