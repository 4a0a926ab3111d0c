"""The Django app `kept_plans`."""

from __future__ import annotations

from django.apps import AppConfig


class KeptPlansConfig(AppConfig):
    name = "planner.kept_plans"
    label = "kept_plans"
    verbose_name = "Kept plans"
    default_auto_field = "django.db.models.BigAutoField"
