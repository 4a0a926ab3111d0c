"""The Django app that keeps snapshots."""

from __future__ import annotations

from django.apps import AppConfig


class PinningConfig(AppConfig):
    name = "planner.pinning"
    label = "pinning"
    verbose_name = "Kept snapshots"
    default_auto_field = "django.db.models.BigAutoField"
