"""The Django app `planner.contributions`."""

from __future__ import annotations

from django.apps import AppConfig


class ContributionsConfig(AppConfig):
    name = "planner.contributions"
    label = "contributions"
    verbose_name = "Contributions"
