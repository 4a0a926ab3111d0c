"""Snapshots as the database keeps them."""

from __future__ import annotations

from django.db import models


class PinnedSnapshot(models.Model):
    """Catalog and calibration as they were when somebody asked: what was computed then can be computed again."""

    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    formula_version = models.PositiveIntegerField("formula version")
    calibration_name = models.CharField("calibration", max_length=200)
    document = models.BinaryField("catalog rows and calibration, compressed")
    created = models.DateTimeField("kept since", auto_now_add=True)

    class Meta:
        verbose_name = "kept snapshot"
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.sha256[:12]
