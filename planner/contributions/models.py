"""What visitors bring: a file of measurements with its rows, theirs alone until an editor accepts it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.conf import settings
from django.db import models

from hardware_catalog.models import Measurement

DRAFT, SUBMITTED, ACCEPTED, DECLINED = STATUSES = ("draft", "submitted", "accepted", "declined")
STATUS_WORDS: Mapping[str, str] = {
    DRAFT: "saved, yours alone",
    SUBMITTED: "waiting for an editor",
    ACCEPTED: "accepted",
    DECLINED: "declined",
}
KINDS: Mapping[str, str] = {
    "llama_bench": "llama-bench",
    "vllm_serve": "vLLM bench serve",
    "project_csv": "Sizewise CSV",
}


class Contribution(models.Model):
    """One file that a visitor brought. ``owner`` is a hash of the token in the visitor's cookie."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.CharField(max_length=64, db_index=True, editable=False)
    kind = models.CharField(max_length=20, choices=list(KINDS.items()), editable=False)
    source_name = models.CharField("file", max_length=200, blank=True, editable=False)
    source_text = models.TextField("what was pasted or uploaded", editable=False)
    source_url = models.URLField("published at", max_length=600, blank=True)
    note = models.TextField("the visitor's note", blank=True, editable=False)
    answers = models.JSONField(
        "what the file did not say",
        default=dict,
        blank=True,
        editable=False,
        help_text="By column, as the visitor wrote it.",
    )
    choices = models.JSONField(
        "names chosen", default=list, blank=True, editable=False, help_text="Column, text of the file, name."
    )
    status = models.CharField(max_length=10, choices=list(STATUS_WORDS.items()), default=DRAFT)
    created = models.DateTimeField(auto_now_add=True)
    submitted = models.DateTimeField(null=True, blank=True, editable=False)

    source_family = models.CharField(
        max_length=160,
        blank=True,
        help_text="One tester: GitHub owner/repository, or the host. Needed before the rows are accepted: rows of one "
        "tester are held out together when the calibration is judged.",
    )
    measured_by_project = models.BooleanField(
        default=False, help_text="The project itself measured these rows: they are marked as own."
    )
    decline_reason = models.CharField(
        "reason for declining", max_length=500, blank=True, help_text="The visitor reads it."
    )
    judged = models.DateTimeField(null=True, blank=True, editable=False)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["-created", "-pk"]
        permissions = [("judge_contribution", "Can accept and decline contributions")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="contribution_status_known")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.created:%Y-%m-%d %H:%M}"


class ContributionRow(models.Model):
    """One row of the file: ``fields`` are texts by the columns of measurements.csv and of ``manage.py predict``."""

    contribution = models.ForeignKey(Contribution, models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()  # in the file, from 0; one entry may give several rows
    number = models.PositiveIntegerField("line or entry")
    fields = models.JSONField(default=dict)
    refusal = models.TextField("why it is no measurement", blank=True)
    left_out = models.CharField(
        "why an editor left it out", max_length=500, blank=True, help_text="The visitor reads it."
    )
    measurement = models.OneToOneField(
        Measurement, models.SET_NULL, null=True, blank=True, related_name="contribution_row"
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["contribution", "position"], name="contribution_row_position")
        ]

    def __str__(self) -> str:
        return f"row {self.number} of {self.contribution_id}"
