"""Cross-validation never lets a tester, device or model teach about itself."""

from __future__ import annotations

import numpy as np
import pytest

from planner.calibration import crossval
from planner.calibration.crossval import Score, absolute_error, held_out_log_seconds, score
from planner.calibration.folds import family_weights, folds
from planner.calibration.problem import Design
from planner.calibration.settings import SETTINGS
from tests.calibration.synthetic import make_observations


def test_a_group_lies_in_one_fold_and_folds_are_of_like_size():
    groups = np.array([f"g{i % 40}" for i in range(1000)])
    fold = folds(groups, 8)
    assert all(len(set(fold[groups == g])) == 1 for g in set(groups))
    assert set(np.bincount(fold)) == {125}


def test_folds_do_not_depend_on_the_order_of_rows():
    groups = np.array([f"g{i % 13}" for i in range(200)])
    shuffled = np.random.default_rng(1).permutation(200)
    assert (folds(groups, 5)[shuffled] == folds(groups[shuffled], 5)).all()


def test_a_held_out_family_teaches_nothing_about_itself():
    """Shifting one family's times must not move the predictions made for it by one bit."""
    observations = make_observations(300)
    mine = observations.family == "tester3"
    shifted = observations.log_seconds + np.where(mine, 2.0, 0.0)
    moved = type(observations)(
        **{name: getattr(observations, name) for name in observations.__slots__} | {"log_seconds": shifted}
    )
    before, after = (
        held_out_log_seconds(Design.build(o), o.family, SETTINGS, 6) for o in (observations, moved)
    )
    assert (before[mine] == after[mine]).all()
    assert not np.array_equal(before[~mine], after[~mine])


def test_every_row_is_predicted(monkeypatch: pytest.MonkeyPatch):
    observations = make_observations(120)
    assert np.isfinite(
        held_out_log_seconds(Design.build(observations), observations.model, SETTINGS, 4)
    ).all()


def test_families_count_as_at_most_twenty_rows():
    family = np.array(["big"] * 100 + ["small"] * 10)
    weights = family_weights(family)
    assert weights[family == "big"].sum() == pytest.approx(20)
    assert weights[family == "small"].sum() == pytest.approx(10)


def test_score_by_hand():
    family = np.array(["a"] * 40 + ["b"] * 20 + ["c"] * 4)  # c has too few rows to be scored
    errors = np.array([0.1] * 40 + [0.5] * 20 + [9.0] * 4)
    assert score(errors, family) == Score(0.1, 0.5, 60, 2)
    assert score(errors, family, equal_rows=True).median == 0.1
    assert score(np.array([]), np.array([])).rows == 0


def test_error_is_of_the_rate():
    assert absolute_error(np.log([2.0, 0.5]), np.log([1.0, 1.0])) == pytest.approx([0.5, 1.0])


def test_training_weights_temper_families_and_age(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crossval, "TRAINING_CAP", 50)
    observations = make_observations(240, families=2)
    weights = crossval.training_weights(observations)
    for metric in ("decode", "prefill", "ttft"):
        rows = (observations.metric == metric) & (observations.family == "tester0")
        assert weights[rows].sum() == pytest.approx(min(rows.sum(), 50))
