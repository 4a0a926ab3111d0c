"""`manage.py calibrate` writes three files that belong together, and `manage.py accuracy` prints the report."""

from __future__ import annotations

import json
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from hardware_catalog.models import Measurement
from planner.calibration import calibrate as calibrating
from planner.calibration.accepted import accepted_rows
from planner.calibration.cases import CaseReader
from planner.calibration.files import SHIPPED, held_out_path, report_path
from planner.calibration.heldout import read_held_out
from planner.calibration.observations import usable_cases
from planner.calibration.store import sha256_of
from tests.calibration.subjects import make_data, shipped_rows
from tests.calibration.synthetic import make_observations

COMMAND = "planner.management.commands.calibrate"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Let the command fit few rows of known truth; what it asked to load is kept."""
    found: list[tuple[Any, ...]] = []

    def load(*arguments: Any) -> Any:
        found.append(arguments)
        return make_data(make_observations(90))

    monkeypatch.setattr(f"{COMMAND}.load_data", load)
    monkeypatch.setattr(f"{COMMAND}.calibrate", partial(calibrating.calibrate, processes=1, n_folds=2))
    return found


def test_the_three_files_belong_together(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    output = tmp_path / "mine.json"
    call_command("calibrate", output=str(output), stderr=StringIO())
    text = output.read_text(encoding="utf-8")
    report = json.loads(report_path(output).read_text(encoding="utf-8"))
    values = read_held_out(held_out_path(output).read_text(encoding="utf-8"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mine.accuracy.json",
        "mine.heldout.csv",
        "mine.json",
    ]
    assert report["calibration_sha256"] == sha256_of(text)
    assert len(values) == 90 == sum(json.loads(text)["rows"].values())
    assert asked[0][1] == ()


def test_a_folder_that_is_not_there_is_said_before_anything_is_fitted(asked: list[tuple[Any, ...]]) -> None:
    with pytest.raises(CommandError, match="there is no folder"):
        call_command("calibrate", output="/no/such/folder/x.json", stderr=StringIO())
    assert asked == []


def accepted(**changes: Any) -> Measurement:
    values: dict[str, Any] = {
        "slug": "own-1",
        "origin": "accepted",
        "device_text": "RTX 4090",
        "device_count": 1,
        "model_text": "Llama-3.1-8B",
        "format_text": "Q4_K_M",
        "runtime_text": "llama.cpp",
        "backend_text": "CUDA",
        "prompt_tokens": 512,
        "output_tokens": 128,
        "metric": "decode_tps_per_seq",
        "value": 130.5,
        "source_date": "2026-11-20",
        "source_family": "a visitor",
        "outcome": "resolved",
    }
    return Measurement.objects.create(**values | changes)


@pytest.mark.django_db
def test_accepted_and_own_measurements_become_usable_rows() -> None:
    accepted()
    accepted(slug="own-2", origin="own", metric="prefill_tps", value=9000.0)
    accepted(slug="own-3", withdrawn=True)
    rows = accepted_rows()
    assert [row["id"] for row in rows] == ["own-1", "own-2"]
    kept, outcomes = usable_cases(rows, CaseReader(shipped_rows()))
    assert [outcome.status for outcome in outcomes] == ["used", "used"]
    assert [case.model for _, case in kept] == ["llama-3-1-8b"] * 2
    assert float(kept[0][0]["value"]) == 130.5


@pytest.mark.django_db
def test_they_are_added_only_when_asked_for(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    accepted()
    output = str(tmp_path / "x.json")
    call_command("calibrate", output=output, stderr=StringIO())
    call_command("calibrate", output=output, include_accepted=True, stderr=StringIO())
    assert asked[0][1] == ()
    assert [row["id"] for row in asked[1][1]] == ["own-1"]


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("accuracy", *arguments, stdout=out)
    return out.getvalue()


def test_the_committed_report_is_printed_as_it_is() -> None:
    assert printed("--committed", "--json") == report_path(SHIPPED).read_text(encoding="utf-8")


def test_the_text_names_every_rival_and_the_floor() -> None:
    text = printed("--committed")
    for words in ("tester never seen", "device never seen", "llmfit", "canirun.ai", "testers of one set-up"):
        assert words in text
    assert text.count("ours on the same rows") >= 10


def test_a_file_of_measurements_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="cannot read"):
        call_command("accuracy", measurements="/no/such/file.csv", stderr=StringIO())
