"""The Django app `planner.calibration`: which calibration is active."""

from __future__ import annotations

from django.apps import AppConfig


class CalibrationConfig(AppConfig):
    name = "planner.calibration"
    label = "calibration"
    verbose_name = "Calibration"
