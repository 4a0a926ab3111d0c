"""The shipped calibration: how right it was when it was made, and that nothing made it less right since."""

from __future__ import annotations

import hashlib
import json

import pytest

from planner.calibration.files import MEASUREMENTS, SHIPPED, shipped_calibration
from planner.calibration.store import dumps
from planner.engine.intervals import METRICS

DOCUMENT = json.loads(SHIPPED.read_text(encoding="utf-8"))
ACCURACY = DOCUMENT["accuracy"]

# Floors a little above what the shipped file reached with whole source families held out. Six families measure a
# time to the first token, three of them the only ones on their kind of processor.
FLOORS = {"decode": (0.20, 0.70), "prefill": (0.33, 1.35), "ttft": (0.50, 1.20)}


def test_it_was_made_from_the_shipped_measurements():
    assert DOCUMENT["data_sha256"] == hashlib.sha256(MEASUREMENTS.read_bytes()).hexdigest()


def test_the_engine_reads_it_and_its_text_is_canonical():
    assert shipped_calibration().effects["weights"][""][""] != 0
    assert dumps(DOCUMENT) == SHIPPED.read_text(encoding="utf-8")


@pytest.mark.parametrize("metric", METRICS)
def test_held_out_error_stays_under_its_floor(metric: str):
    median, p90 = FLOORS[metric]
    assert ACCURACY[metric]["by_family"]["median"] <= median
    assert ACCURACY[metric]["by_family"]["p90"] <= p90


@pytest.mark.parametrize("weighting", ["by_family", "rows_equal"])
@pytest.mark.parametrize("quantile", ["median", "p90"])
def test_it_beats_both_folk_formulas(weighting: str, quantile: str):
    rivals = ACCURACY["decode"]["rivals"]
    assert set(rivals) == {"bandwidth / bytes", "0.55 * bandwidth / bytes"}
    for rival in rivals.values():
        assert ACCURACY["decode"][weighting][quantile] < 0.75 * rival[weighting][quantile]


@pytest.mark.parametrize("metric", ["decode", "prefill"])
def test_intervals_covered_nine_of_ten_on_unseen_testers(metric: str):
    assert 0.87 <= ACCURACY[metric]["interval"]["covered"] <= 0.93


def test_enough_data_stand_behind_it():
    assert DOCUMENT["rows"]["decode"] > 2500
    assert ACCURACY["decode"]["by_family"]["families"] >= 60
