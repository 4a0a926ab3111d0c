"""The Django app `hardware_catalog`."""

from __future__ import annotations

from django.apps import AppConfig


class HardwareCatalogConfig(AppConfig):
    name = "hardware_catalog"
    label = "hardware_catalog"
    verbose_name = "Hardware catalog"

    def ready(self) -> None:
        from hardware_catalog import history  # models are there by now

        history.connect()
