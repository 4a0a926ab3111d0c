"""The project's own CSV is read with every column checked."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from planner.calibration.case_files import COLUMNS as PREDICT_COLUMNS
from planner.contributions.parsers import FileFault, read
from planner.contributions.parsers.columns import MEASUREMENT_COLUMNS


def one(**fields: str) -> str:
    row = {"device": "RTX 4090", "model": "Qwen3-8B", "metric": "decode_tps", "value": "100"} | fields
    return ",".join(row) + "\n" + ",".join(f'"{text}"' for text in row.values()) + "\n"


def test_the_shipped_measurements_are_such_a_file(repository_root: Path) -> None:
    path = repository_root / "hardware_catalog" / "data" / "measurements.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head = "".join(line for line, _ in zip(file, range(301), strict=False))
        names = next(csv.reader(io.StringIO(head)))
    assert tuple(names) == MEASUREMENT_COLUMNS
    rows = read(head).rows
    assert len(rows) == 300
    assert [row for row in rows if row.problems] == []


def test_every_column_of_predict_is_known() -> None:
    assert read(one(**dict.fromkeys(PREDICT_COLUMNS, ""))).remarks == ()


def test_the_metric_of_predict_is_taken_for_that_of_the_measurements() -> None:
    assert read(one()).rows[0].fields["metric"] == "decode_tps_per_seq"


def test_semicolons_and_tabs_separate_too() -> None:
    for mark in ";\t":
        assert read(one().replace(",", mark)).rows[0].fields["value"] == "100"


@pytest.mark.parametrize(
    ("fields", "column", "reason"),
    [
        ({"value": ""}, "value", "is empty"),
        ({"value": "0"}, "value", "not between"),
        ({"value": "NaN"}, "value", "not a measured value"),
        ({"value": "1e400"}, "value", "not between"),
        ({"value": "12 tok/s"}, "value", "not a number"),
        ({"metric": "speed"}, "metric", "no metric “speed”"),
        ({"metric": "kv_bytes"}, "metric", "can be predicted, but not contributed"),
        ({"batch": "1.5"}, "batch", "not a whole number"),
        ({"batch": "0"}, "batch", "not between 1 and"),
        ({"device_count": "-2"}, "device_count", "not between"),
        ({"source_date": "18.05.2026"}, "source_date", "2026-05-18"),
        ({"source_url": "javascript:alert(1)"}, "source_url", "https://"),
        ({"gpu_memory_utilization": "90"}, "gpu_memory_utilization", "not between 0 and 1"),
        ({"model": "x" * 201}, "model", "at most 200"),
    ],
)
def test_each_wrong_column_is_named(fields: dict[str, str], column: str, reason: str) -> None:
    problem = read(one(**fields)).rows[0].problems[0]
    assert problem.column == column
    assert reason in problem.reason


def test_all_wrong_columns_of_a_row_are_told_at_once() -> None:
    row = read(one(value="fast", batch="many")).rows[0]
    assert {problem.column for problem in row.problems} == {"value", "batch"}


def test_unknown_columns_are_told_with_what_may_be_meant() -> None:
    remarks = read(one(promt_tokens="512", colour="red")).remarks
    assert "promt_tokens" in remarks[0]
    assert "prompt_tokens" in remarks[0]
    assert "colour" in remarks[1]


def test_missing_columns_are_one_fault_of_the_file() -> None:
    with pytest.raises(FileFault, match="model"):
        read("device,metric,value\nRTX 4090,decode_tps,100\n")
