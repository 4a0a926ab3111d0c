"""The fit finds what the data were made from, pools what has few rows, and shrugs off outliers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from planner.calibration.calibrate import calibrate
from planner.calibration.crossval import training_weights
from planner.calibration.fit import Fit, Problem, solve
from planner.calibration.heldout import written
from planner.calibration.problem import Design
from planner.calibration.settings import SETTINGS
from planner.calibration.store import dumps
from planner.engine.calibration import FORMULA_VERSION, Calibration
from tests.calibration.subjects import make_data
from tests.calibration.synthetic import BASE, make_observations


def silent(*_: object) -> None:
    """Report nothing."""


def fitted(observations=None) -> tuple[Problem, Fit, Design]:
    observations = observations or make_observations()
    design = Design.build(observations)
    problem = design.problem(SETTINGS, np.arange(len(observations)), training_weights(observations))
    return problem, solve(problem, SETTINGS), design


def coefficient(problem: Problem, fit: Fit, name: str, backend: str) -> float:
    """The coefficient that the rows of a backend get on average."""
    design_logs = problem.members[name] @ fit.effects
    number = {(p.coefficient, p.level, p.key): i for i, p in enumerate(problem.parameters)}
    rows = problem.members[name][:, [number[name, "backend", backend]]].toarray().ravel() != 0
    return float(np.exp(np.mean(design_logs[rows])))


def test_fit_recovers_the_coefficients_that_made_the_data():
    problem, fit, _ = fitted()
    assert fit.settled
    assert coefficient(problem, fit, "weights", "CUDA") == pytest.approx(BASE["weights"], rel=0.04)
    assert coefficient(problem, fit, "weights", "Vulkan") == pytest.approx(
        BASE["weights"] * np.exp(0.5), rel=0.04
    )
    assert coefficient(problem, fit, "kv", "CUDA") == pytest.approx(BASE["kv"], rel=0.15)
    assert coefficient(problem, fit, "prefill", "CUDA") == pytest.approx(BASE["prefill"], rel=0.1)


def test_predictions_are_as_near_as_the_noise_lets_them():
    _, fit, design = fitted()
    rows = np.arange(len(design.observations))
    off = design.predict(fit.effects, rows) - design.observations.log_seconds
    assert np.median(np.abs(off)) < 0.03


def test_outliers_hardly_move_the_fit():
    observations = make_observations()
    spoilt = observations.log_seconds.copy()
    spoilt[::25] += 1.5  # every 25th row four times slower: a spilled or throttled run
    problem, fit, _ = fitted(replace(observations, log_seconds=spoilt))
    assert coefficient(problem, fit, "weights", "CUDA") == pytest.approx(BASE["weights"], rel=0.08)


def test_a_group_with_one_strange_row_stays_near_its_parent():
    observations = make_observations(families=60)
    values = list(observations.values)
    values[0] = {**values[0], "device": "seen-once"}
    seconds = observations.log_seconds.copy()
    seconds[0] += 1.0
    problem, fit, _ = fitted(replace(observations, values=tuple(values), log_seconds=seconds))
    effects = {
        (p.coefficient, p.level, p.key): e for p, e in zip(problem.parameters, fit.effects, strict=True)
    }
    backend = values[0]["backend"]
    assert abs(effects["weights", "backend|device", f"{backend}|seen-once"]) < 0.3


def test_unusable_rows_are_an_error_not_a_silent_loss():
    observations = make_observations(60)
    broken = observations.log_seconds.copy()
    broken[3] = np.nan
    with pytest.raises(ValueError, match="1 rows have no finite prediction"):
        fitted(replace(observations, log_seconds=broken))


def test_same_data_same_file_and_the_engine_reads_it():
    data = make_data(make_observations(120))
    alone, shared = (calibrate(data, silent, processes, n_folds=3) for processes in (1, 2))
    first = dumps(alone.document)
    assert first == dumps(shared.document)
    assert written(alone.held_out) == written(shared.held_out)
    assert dumps(alone.report) == dumps(shared.report)
    calibration = Calibration.from_json(first)
    assert calibration.effects["weights"][""][""] != 0
    assert json.loads(first)["data_sha256"] == "sha"
    assert alone.report["calibration_sha256"] == calibration.sha256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"formula_version": FORMULA_VERSION + 1}, "fitted for formula version"),
        ({"schema": "something else"}, "not a calibration file"),
    ],
)
def test_the_engine_refuses_other_calibrations(change: dict[str, object], message: str):
    document = {
        "schema": "sizewise-calibration-1",
        "formula_version": FORMULA_VERSION,
        "coefficients": {},
        "intervals": {},
    }
    with pytest.raises(ValueError, match=message):
        Calibration.from_json(json.dumps(document | change))
