"""The shipped calibration: how right it was when it was made, and that nothing made it less right since."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from planner.calibration.files import (
    MEASUREMENTS,
    SHIPPED,
    held_out_path,
    report_path,
    shipped_calibration,
    shipped_held_out,
    shipped_report,
)
from planner.calibration.heldout import written
from planner.calibration.store import dumps
from planner.engine.intervals import METRICS, SERVED

DOCUMENT = json.loads(SHIPPED.read_text(encoding="utf-8"))
ACCURACY = DOCUMENT["accuracy"]
REPORT = shipped_report()

# A little above what the shipped files reached; agreed, and lowered when a better calibration is shipped.
FLOORS = json.loads(Path(__file__).with_name("floors.json").read_text(encoding="utf-8"))
MADE_ANEW = (
    "run manage.py calibrate: it writes the calibration, its held-out predictions and its report together"
)


def test_it_was_made_from_the_shipped_measurements():
    assert DOCUMENT["data_sha256"] == hashlib.sha256(MEASUREMENTS.read_bytes()).hexdigest(), MADE_ANEW


def test_the_report_belongs_to_it():
    assert REPORT["calibration_sha256"] == hashlib.sha256(SHIPPED.read_bytes()).hexdigest(), MADE_ANEW
    assert REPORT["data_sha256"] == DOCUMENT["data_sha256"], MADE_ANEW
    for metric in METRICS:
        for part in ("by_family", "rows_equal", "interval", "groups"):
            assert REPORT["metrics"][metric][part] == ACCURACY[metric][part], MADE_ANEW


def test_the_engine_reads_it_and_the_texts_are_canonical():
    assert shipped_calibration().effects["weights"][""][""] != 0
    assert dumps(DOCUMENT) == SHIPPED.read_text(encoding="utf-8")
    assert dumps(REPORT) == report_path(SHIPPED).read_text(encoding="utf-8")
    assert written(shipped_held_out()) == held_out_path(SHIPPED).read_text(encoding="utf-8")


def scored(errors: dict[str, list[float]], quantile: float) -> float:
    """Weighted quantile over families of five rows and more, each as at most twenty; written apart from the code."""
    pairs = sorted(
        (error, min(len(family), 20) / len(family))
        for family in errors.values()
        if len(family) >= 5
        for error in family
    )
    wanted, reached = quantile * sum(weight for _, weight in pairs), 0.0
    for error, weight in pairs:
        reached += weight
        if reached >= wanted:
            return error
    raise AssertionError("nothing was scored")


SINGLE = [metric for metric in METRICS if metric not in SERVED.values()]


@pytest.mark.parametrize("metric", SERVED.values())
def test_figures_of_several_follow_from_the_predictions(metric: str):
    with held_out_path(SHIPPED).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == metric]
    errors = [abs(float(row["predicted"]) / float(row["measured"]) - 1) for row in rows]
    part = REPORT["metrics"][metric]
    assert len(rows) == part["rows"] == DOCUMENT["rows"][metric]
    for quantile, key in ((0.5, "median"), (0.9, "p90")):
        assert np.quantile(errors, quantile) == pytest.approx(part["rows_equal"][key], rel=0.04)


@pytest.mark.parametrize("metric", SINGLE)
def test_its_figures_follow_from_the_predictions_and_the_testers(metric: str):
    with MEASUREMENTS.open(encoding="utf-8", newline="") as file:
        family = {row["id"]: row["source_family"] for row in csv.DictReader(file)}
    errors: dict[str, dict[str, list[float]]] = {
        name: {} for name in ("predicted", "device_never_seen", "model_never_seen")
    }
    with held_out_path(SHIPPED).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == metric]
    for row in rows:
        for name, by_family in errors.items():
            error = abs(float(row[name]) / float(row["measured"]) - 1)
            by_family.setdefault(family[row["id"]], []).append(error)
    part = REPORT["metrics"][metric]
    for name, found in (
        ("predicted", part),
        ("device_never_seen", part["device_never_seen"]),
        ("model_never_seen", part["model_never_seen"]),
    ):
        for quantile, key in ((0.5, "median"), (0.9, "p90")):
            assert scored(errors[name], quantile) == pytest.approx(found["by_family"][key], rel=0.01)
    assert len(rows) == part["rows"] == DOCUMENT["rows"][metric]
    inside = [float(row["low"]) <= float(row["measured"]) <= float(row["high"]) for row in rows]
    assert np.mean(inside) == pytest.approx(part["interval"]["covered_rows_equal"], abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_held_out_error_stays_under_its_floor(metric: str):
    part, floor = REPORT["metrics"][metric], FLOORS[metric]
    assert part["by_family"]["median"] <= floor["median"]
    assert part["by_family"]["p90"] <= floor["p90"]
    for unseen in ("device_never_seen", "model_never_seen"):
        assert part[unseen]["by_family"]["median"] <= floor[f"{unseen}_median"]


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_covered_nine_of_ten_on_unseen_testers_and_are_no_wider_than_agreed(metric: str):
    part, (least, most) = REPORT["metrics"][metric]["interval"], FLOORS[metric]["covered"]
    assert least <= part["covered"] <= most
    assert part["median_width"] <= FLOORS[metric]["median_width"]


@pytest.mark.parametrize("weighting", ["by_family", "rows_equal"])
@pytest.mark.parametrize("metric", METRICS)
def test_it_beats_every_rival_on_the_rows_that_the_rival_answers(metric: str, weighting: str):
    rivals = REPORT["metrics"][metric]["rivals"]
    assert len(rivals) >= (2 if metric in SINGLE else 1)
    for rival in rivals:
        assert rival["ours"][weighting]["median"] < 0.9 * rival[weighting]["median"], rival["name"]


@pytest.mark.parametrize("quantile", ["median", "p90"])
def test_it_beats_the_folk_formulas_clearly(quantile: str):
    for name in ("bandwidth / bytes", "0.55 * bandwidth / bytes"):
        rival = ACCURACY["decode"]["rivals"][name]
        assert ACCURACY["decode"]["by_family"][quantile] < 0.75 * rival["by_family"][quantile]


def test_enough_data_stand_behind_it():
    assert DOCUMENT["rows"]["decode"] > 2500
    assert ACCURACY["decode"]["by_family"]["families"] >= 60
