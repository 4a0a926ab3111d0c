"""The Django app of sweeps."""

from __future__ import annotations

from django.apps import AppConfig


class SweepsConfig(AppConfig):
    name = "planner.sweeps"
    label = "sweeps"
    verbose_name = "Sweeps"
    default_auto_field = "django.db.models.BigAutoField"
