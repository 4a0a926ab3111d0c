"""The Django app `planner.plans`."""

from __future__ import annotations

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "planner.plans"
    label = "plans"
    verbose_name = "Plans"
