"""`manage.py calibrate --name --activate` stores what it wrote, and lets it answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from planner.calibration import activation
from planner.calibration.calibrate import Calibrated
from planner.calibration.files import SHIPPED, shipped_held_out
from planner.calibration.models import CalibrationVersion
from planner.management.commands import calibrate as command

pytestmark = pytest.mark.django_db
FITTED = json.loads(SHIPPED.read_text(encoding="utf-8")) | {"data_sha256": "f" * 64}


@pytest.fixture(autouse=True)
def _fitted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit takes minutes: these tests are about what becomes of its result."""

    class Data:
        observations: tuple[Any, ...] = ()
        outcomes: tuple[Any, ...] = ()
        sha256 = "f" * 64

    monkeypatch.setattr(command, "load_data", lambda *_, **__: Data())
    monkeypatch.setattr(command, "calibrate", lambda *_, **__: Calibrated(FITTED, shipped_held_out(), {}))


def test_without_options_nothing_is_stored(tmp_path: Path):
    call_command("calibrate", "-o", str(tmp_path / "c.json"))
    assert json.loads((tmp_path / "c.json").read_text(encoding="utf-8")) == FITTED
    assert not CalibrationVersion.objects.filter(origin="fitted").exists()


def test_it_is_stored_under_its_name_and_does_not_answer(tmp_path: Path):
    call_command("calibrate", "-o", str(tmp_path / "c.json"), "--name", "with my rows")
    version = CalibrationVersion.objects.get(origin="fitted")
    assert (version.name, version.data_sha256) == ("with my rows", "f" * 64)
    assert activation.active_calibration().name != version.name


def test_it_answers_when_activated(tmp_path: Path):
    call_command("calibrate", "-o", str(tmp_path / "c.json"), "--activate")
    version = CalibrationVersion.objects.get(origin="fitted")
    assert activation.active_calibration().calibration.sha256 == version.sha256
    assert version.name.startswith("fitted-")


def test_a_taken_name_is_refused_before_fitting(tmp_path: Path):
    taken = CalibrationVersion.objects.get().name
    with pytest.raises(CommandError, match="another calibration is called"):
        call_command("calibrate", "-o", str(tmp_path / "c.json"), "--name", taken)
    assert not (tmp_path / "c.json").exists()
