"""Kept plans as the database holds them."""

from __future__ import annotations

from django.db import models

from planner.pinning.models import PinnedSnapshot


class KeptPlan(models.Model):
    """A question with its whole answer, under the hash of the question and of what answered it."""

    id = models.CharField("id", primary_key=True, max_length=32)
    snapshot = models.ForeignKey(PinnedSnapshot, on_delete=models.PROTECT, related_name="plans")
    document = models.BinaryField("what programs are told (JSON, compressed)")
    record = models.BinaryField("what the page is drawn from (JSON, compressed)")
    created = models.DateTimeField("kept since", auto_now_add=True)
    used = models.DateField("last asked for", auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.id
