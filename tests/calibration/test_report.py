"""The accuracy report counts what it says it counts."""

from __future__ import annotations

import numpy as np
import pytest

from planner.calibration.floor import floor, workload
from planner.calibration.heldout import HeldOut, read_held_out, written
from planner.calibration.misses import MOST_OF_ONE_FAMILY, worst_misses
from planner.calibration.report import accuracy_report, bucket
from planner.calibration.subjects import Subject
from tests.calibration.subjects import make_subject


def values_of(measured: list[float], predicted: list[float], half: float = 0.1) -> HeldOut:
    """Decode rows "r0", "r1", ... with intervals of ``half`` around the prediction."""
    n, middle = len(measured), np.array(predicted, dtype=float)
    return HeldOut(
        id=np.array([f"r{i}" for i in range(n)]),
        metric=np.array(["decode"] * n),
        platform=np.array(["NVIDIA gpu, CUDA"] * n),
        measured=np.array(measured, dtype=float),
        predicted=middle,
        low=middle * (1 - half),
        high=middle * (1 + half),
        device_never_seen=middle * 2,
        model_never_seen=middle,
    )


def rows(families: list[str], **changes: object) -> list[Subject]:
    return [make_subject(id=f"r{i}", family=family, **changes) for i, family in enumerate(families)]


def report_of(subjects: list[Subject], values: HeldOut) -> dict:
    found = accuracy_report(subjects, values, (), data_sha256="d", calibration_sha256="c")
    return found["metrics"]["decode"]


def test_errors_coverage_and_width_by_hand():
    families = ["a"] * 40 + ["b"] * 10 + ["c"] * 2
    # a: exact; b: half again too fast, outside their intervals; c: too few rows to be scored
    values = values_of([10.0] * 52, [10.0] * 40 + [15.0] * 10 + [100.0] * 2)
    part = report_of(rows(families), values)
    assert part["by_family"] == {"median": 0.0, "p90": 0.5, "rows": 50, "families": 2}
    assert part["rows_equal"]["median"] == 0.0
    assert part["device_never_seen"]["by_family"] == {"median": 1.0, "p90": 2.0, "rows": 50, "families": 2}
    assert part["interval"]["covered"] == pytest.approx(20 / 32)
    assert part["interval"]["covered_rows_equal"] == pytest.approx(40 / 52, abs=1e-8)
    assert part["interval"]["median_width"] == pytest.approx(0.2)
    assert (part["rows"], part["families"]) == (52, 3)


def test_groups_of_twenty_rows_and_more_are_told_apart():
    subjects = rows(["a"] * 25, source_date="2024-03") + [
        make_subject(id=f"r{25 + i}", family="b", source_date="", depth_tokens=5000) for i in range(19)
    ]
    groups = report_of(subjects, values_of([10.0] * 44, [11.0] * 44))["groups"]
    assert set(groups["year"]) == {"2024"}
    assert groups["depth"] == {"under 1k": groups["year"]["2024"]}
    assert groups["backend"]["CUDA"]["rows"] == 44
    assert groups["platform"]["NVIDIA gpu, CUDA"]["by_family"]["median"] == pytest.approx(0.1)


def test_large_groups_are_held_to_their_coverage():
    families = [f"t{i % 8}" for i in range(200)]
    good = values_of([10.0] * 200, [10.0] * 180 + [20.0] * 20)
    part = report_of(rows(families), good)
    assert {group["within"] for group in part["large_groups"]} == {True}
    bad = values_of([10.0] * 200, [10.0] * 160 + [20.0] * 40)
    assert {group["within"] for group in report_of(rows(families), bad)["large_groups"]} == {False}
    assert report_of(rows(families[:199]), values_of([10.0] * 199, [10.0] * 199))["large_groups"] == []


@pytest.mark.parametrize(
    ("count", "name"),
    [
        (0, "under 1k"),
        (1023, "under 1k"),
        (1024, "1k to 4k"),
        (65_535, "16k to 64k"),
        (65_536, "64k and more"),
    ],
)
def test_buckets_of_tokens(count: int, name: str):
    assert bucket(count) == name


def test_the_spread_between_testers_by_hand():
    subjects = rows(["a", "a", "b", "c", "c"])
    # a's middle is 10, b 12, c 15: pairs differ by 20, 50 and 25 %; the middle of all is 12
    found = floor(subjects, [9.0, 11.0, 12.0, 15.0, 15.0])
    testers = found["testers"]
    assert (testers["pairs"], testers["set_ups"], testers["families"]) == (3, 1, 3)
    assert testers["median"] == pytest.approx(0.25)
    assert testers["middle_median"] == pytest.approx(1 / 6)
    # a's own two rows; c's equal rows are one run told twice
    assert (found["repeats"]["pairs"], found["repeats"]["median"]) == (1, pytest.approx(2 / 9))


def test_stated_deviations_are_summed_up_where_there_are_any():
    subjects = [make_subject(family=f"f{i}", relative_stddev=0.01 * i) for i in range(1, 4)]
    stated = floor([*subjects, make_subject()], [10.0] * 4)["stated"]
    assert (stated["rows"], stated["median"]) == (3, pytest.approx(0.02))
    assert floor([make_subject()], [10.0])["stated"] == {"rows": 0, "median": None, "p90": None}


def test_another_format_or_a_much_longer_context_is_another_set_up():
    same, longer = make_subject(family="b"), make_subject(family="b", depth_tokens=4096)
    assert workload(same) != workload(longer)
    assert floor([make_subject(family="a"), longer], [10.0, 12.0])["testers"]["pairs"] == 0
    assert floor([make_subject(family="a"), same], [10.0, 12.0])["testers"]["pairs"] == 1


def test_the_worst_misses_come_first_and_no_tester_fills_the_list():
    families = ["a"] * 5 + ["b", "c"]
    subjects = rows(families)
    values = values_of([10.0] * 7, [100.0, 90.0, 80.0, 70.0, 60.0, 2.0, 11.0])
    found = worst_misses(subjects, values)
    assert [miss["id"] for miss in found] == ["r0", "r1", "r5", "r6"]
    assert sum(miss["family"] == "a" for miss in found) == MOST_OF_ONE_FAMILY
    assert found[0]["ratio"] == 10.0


def reasons(subjects: list[Subject], measured: list[float]) -> list[str]:
    return next(
        miss["reasons"]
        for miss in worst_misses(subjects, values_of(measured, [10.0] * len(measured)))
        if miss["id"] == "r0"
    )


def test_a_miss_is_explained_by_its_rule_its_notes_and_the_rows_beside_it():
    beside = [make_subject(id=f"r{i}", family=f"f{i}") for i in (1, 2)]
    subject = make_subject(
        id="r0", notes="suspected throttling", judged_only="far below the best run", source_date="2023-01"
    )
    assert reasons([subject, *beside], [2.0, 10.0, 12.0]) == [
        "left out of the fit, but counted: far below the best run",
        "2 other testers of the same set-up: 5.5 times more",
        "the source speaks of heat or throttling",
        "measured in 2023: builds have become faster since",
    ]


def test_a_device_that_nobody_else_measured_is_a_reason():
    other = make_subject(id="r1", family="b", backend="Vulkan")
    assert reasons([make_subject(id="r0"), other], [2.0, 10.0])[:2] == [
        "no other tester measured decode on this device (CUDA)",
        "no other tester measured decode with llama.cpp on CUDA",
    ]


def test_held_out_predictions_are_written_in_one_order_and_read_back():
    values = values_of([10.0, 20.123456789], [11.0, 19.0])
    text = written(values)
    assert text == written(values.take(np.array([1, 0])))
    again = read_held_out(text)
    assert again.measured.tolist() == [10.0, 20.1235]
    assert written(again) == text
    with pytest.raises(ValueError, match="columns"):
        read_held_out("id,metric\n")
