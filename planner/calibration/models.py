"""Calibration files as they were made, and which of them answers: both are only ever added to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class CalibrationVersion(models.Model):
    """One calibration file, word for word: an answer that names it can be computed again."""

    class Origin(models.TextChoices):
        SHIPPED = "shipped", "shipped with Sizewise"
        FITTED = "fitted", "fitted here"
        IMPORTED = "imported", "imported"

    name = models.CharField(max_length=100, unique=True)
    origin = models.CharField(max_length=8, choices=Origin)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    schema = models.CharField(max_length=60)
    formula_version = models.PositiveIntegerField()
    data_sha256 = models.CharField("SHA-256 of the measurements", max_length=64)
    document = models.TextField(help_text="The text of the file.")
    rows = models.JSONField(help_text="Measurements that taught it, by metric.")
    accuracy = models.JSONField(help_text="Held-out error and coverage by metric, as the file states them.")
    note = models.TextField(blank=True)
    created = models.DateTimeField("registered", auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        permissions = [("activate_calibrationversion", "Can choose the calibration that answers")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it once. Raises ``ValueError`` for a version that is stored already: it is immutable."""
        if not self._state.adding:
            raise ValueError(f"calibration {self.name} is immutable: register another version")
        super().save(*args, **kwargs)


class Activation(models.Model):
    """From when on a version answers. The newest one holds; without any, the shipped file answers."""

    version = models.ForeignKey(
        CalibrationVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="activations",
        help_text="Empty: whatever file is shipped, also after an update.",
    )
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    activated_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.version.name if self.version else "the shipped file"
