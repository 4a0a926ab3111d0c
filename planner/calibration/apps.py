"""The Django app `planner.calibration`: which calibration is active."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CalibrationConfig(AppConfig):
    name = "planner.calibration"
    label = "calibration"
    verbose_name = "Calibration"

    def ready(self) -> None:
        """Register the shipped file after every migrate, which `serve`, the tests and an update all run."""
        post_migrate.connect(_register_shipped, sender=self)


def _register_shipped(using: str = "default", plan: Any = (), **kwargs: Any) -> None:
    from planner.calibration.activation import register_shipped
    from planner.calibration.models import CalibrationVersion

    if using == "default" and _has_table(CalibrationVersion._meta.db_table):
        register_shipped()


def _has_table(name: str) -> bool:
    """Whether the table is there: a migrate back to nothing takes it away."""
    from django.db import connection

    with connection.cursor() as cursor:
        return name in connection.introspection.table_names(cursor)
