"""Many at once: each row comes back with its answer or its reason, in order, as JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from planner.calibration.predictions import ANSWER_COLUMNS
from tests.api.conftest import Post

pytestmark = pytest.mark.django_db
ROWS: list[Any] = [
    {"id": "a", "device": "RTX 4090", "model": "Llama 3.1 8B"},
    {"id": "b", "device": "no such card", "model": "Llama 3.1 8B"},
    {"id": "c", "device": "A100", "model": "Llama 3.1 8B"},
    17,
    {"id": "d", "device": "RTX 4090", "model": "Llama 3.1 8B", "contxt": 1},
]
CASES = """\
id,device,model,quant,metric
1,RTX 4090,Llama 3.1 8B,Q4_K_M,decode_tps
=2,RTX 4090,No such model,Q4_K_M,decode_tps
3,RTX 4090,Llama 3.1 8B,Q4_K_M,weights_bytes
4,RTX 4090,Llama 3.1 8B,Q4_K_M,no_such_metric
"""


def body(response: Any) -> str:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content).decode()


def test_each_question_has_its_line(post: Post) -> None:
    lines = [json.loads(line) for line in body(post("plans/many/", ROWS)).splitlines()]
    assert [line["id"] for line in lines] == ["a", "b", "c", None, "d"]
    assert [line["status"] for line in lines] == ["ok", "invalid", "invalid", "invalid", "invalid"]
    one = post("plans/", {"device": "RTX 4090", "model": "Llama 3.1 8B"}).json()
    assert lines[0]["need_bytes"] == one["memory"]["need_bytes"]
    assert lines[0]["decode_tps"] == one["speed"]["decode_tps"]["value"]
    assert "nvidia-a100-sxm4-80-gb" in lines[2]["reason"]
    assert "context_tokens" in lines[4]["reason"]


def test_questions_come_as_csv_too(post: Post) -> None:
    sent = "id,machine,model,context_tokens\n=1+1,MacBook Air M4 16 GB,gpt-oss:20b,8k\n2,,Llama 3.1 8B,\n"
    rows = list(csv.DictReader(io.StringIO(body(post("plans/many/", sent, "text/csv")))))
    assert rows[0]["id"] == "'=1+1"  # no spreadsheet takes it for a formula
    assert (rows[0]["status"], rows[0]["context_tokens"]) == ("ok", "8192")
    assert rows[1]["status"] == "invalid"


def test_predictions_are_those_of_the_command(post: Post, tmp_path: Path) -> None:
    sent, made = tmp_path / "cases.csv", tmp_path / "answers.csv"
    sent.write_text(CASES, encoding="utf-8")
    call_command("predict", str(sent), "-o", str(made))
    expected = list(csv.DictReader(io.StringIO(made.read_text(encoding="utf-8"))))
    found = list(csv.DictReader(io.StringIO(body(post("plans/predict/", CASES, "text/csv")))))
    assert list(found[0]) == list(ANSWER_COLUMNS)
    assert [row["id"] for row in found] == ["1", "'=2", "3", "4"]
    for one, other in zip(found, expected, strict=True):
        assert one["status"] == other["status"]
        assert one["reason"] == other["reason"]
        if other["prediction"]:
            assert float(one["prediction"]) == float(other["prediction"])


def test_predictions_come_as_json_too(post: Post) -> None:
    cases = [*csv.DictReader(io.StringIO(CASES)), {"id": "5"}, {"metrik": "decode_tps"}, None]
    lines = [json.loads(line) for line in body(post("plans/predict/", cases)).splitlines()]
    assert [line["status"] for line in lines] == ["ok", "not_in_catalog", "ok", "invalid", *["invalid"] * 3]
    assert isinstance(lines[0]["prediction"], float)
    assert lines[1]["prediction"] is None
    assert "metric" in lines[5]["reason"]


def test_the_answer_has_the_format_that_is_asked_for(post: Post) -> None:
    assert body(post("plans/predict/?format=jsonl", CASES, "text/csv")).startswith('{"id": "1"')
    assert body(post("plans/predict/", CASES, "text/csv", Accept="application/jsonl")).startswith("{")
    assert body(post("plans/many/?format=csv", ROWS[:1])).startswith("id,status")


@pytest.mark.parametrize(
    ("path", "sent", "media_type", "reason"),
    [
        ("plans/many/", [], "application/json", "no rows"),
        ("plans/many/", {}, "application/json", "list"),
        ("plans/many/", "id,device\n", "text/csv", "no rows"),
        ("plans/many/", "id,devise\n1,2\n", "text/csv", "device"),
        ("plans/many/", "id,device\n1\n", "text/csv", "Line 2"),
        ("plans/many/", 'id,device\n1,"a\n', "text/csv", "CSV"),
        ("plans/many/", CASES, "text/csv", "/plans/predict/"),
        ("plans/predict/", "id,device\n1,2\n", "text/csv", "Missing columns"),
        ("plans/predict/", "\n1,2\n", "text/csv", "header"),
        ("plans/predict/", "id,device,model,metric,colour\n1,2,3,4,5\n", "text/csv", "colour"),
        ("plans/predict/", b"\xff", "text/csv", "UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_whole(
    post: Post, path: str, sent: Any, media_type: str, reason: str
) -> None:
    response = post(path, sent, media_type)
    assert response.status_code == 400
    assert reason in response.json()["detail"]


def test_too_many_rows_are_refused(post: Post) -> None:
    response = post("plans/many/", [{}] * 1001)
    assert response.status_code == 413
    assert "1,000" in response.json()["detail"]
