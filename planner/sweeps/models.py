"""Sweeps as the database keeps them. What stands here is the truth: messages and files only follow it."""

from __future__ import annotations

import uuid

from django.db import models

from planner.pinning.models import PinnedSnapshot
from planner.sweeps.definition import KEEP


class Sweep(models.Model):
    """A grid of plans that somebody asked for, with what it was resolved to when it was asked."""

    class State(models.TextChoices):
        QUEUED = "queued", "waiting for a worker"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        STOPPED = "stopped", "stopped"
        DELETING = "deleting", "being deleted"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.CharField(max_length=64, db_index=True, editable=False)  # see planner/owners.py
    name = models.CharField(max_length=200)
    definition = models.JSONField("what was asked", editable=False)  # definition.Definition as JSON
    entries = models.JSONField("what the axes hold", editable=False)  # grid.entries.Entries as JSON
    snapshot = models.ForeignKey(PinnedSnapshot, on_delete=models.PROTECT, editable=False)
    keep = models.CharField("what is kept", max_length=10, choices=list(KEEP.items()), editable=False)
    n_plans = models.BigIntegerField("plans", editable=False)
    numbering = models.PositiveSmallIntegerField(
        default=1, editable=False
    )  # grid.slices.NUMBERING when it was asked
    pruned = models.JSONField("combinations left out", default=list, editable=False)  # [[reason, count], …]
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    reason = models.TextField("why it failed or waits", blank=True)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True, editable=False)
    finished = models.DateTimeField(null=True, blank=True, editable=False)
    picked_at = models.DateTimeField(
        null=True, blank=True, editable=False
    )  # when a worker last took a chunk of it

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name


class Chunk(models.Model):
    """A range of a sweep's grid that one task computes; the last one, without plans, sums the sweep up."""

    class State(models.TextChoices):
        PENDING = "pending", "waiting"
        LEASED = "leased", "being computed"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="chunks")
    index = models.PositiveIntegerField()
    start = models.BigIntegerField()
    stop = models.BigIntegerField()  # exclusive; = start in the one that sums up
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(
        default=0
    )  # also names the attempt: whoever holds the newest may finish
    worker = models.CharField(max_length=200, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)  # the attempt that finished it took
    error = models.TextField(blank=True)  # of the last attempt that failed

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sweep", "index"], name="chunk_once_per_sweep"),
            models.CheckConstraint(
                condition=models.Q(stop__gte=models.F("start")), name="chunk_range_in_order"
            ),
        ]
        indexes = [
            models.Index(fields=["sweep", "state", "index"], name="chunk_by_state"),
            models.Index(fields=["state", "lease_until"], name="chunk_by_lease"),
        ]

    def __str__(self) -> str:
        return f"chunk {self.index} of {self.sweep_id}"


class ResultFile(models.Model):
    """The manifest: a file that is part of a sweep's result. Readers open what stands here and nothing else."""

    class Kind(models.TextChoices):
        ROWS = "rows", "plans"
        CELLS = "cells", "device × model, of one chunk"
        SUMMARY = "summary", "device × model, of the whole sweep"

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="files")
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)  # in the sweep's folder
    n_rows = models.BigIntegerField()
    n_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["sweep", "kind", "chunk__index"]
        constraints = [models.UniqueConstraint(fields=["sweep", "name"], name="result_file_once")]

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A worker that was seen lately, on any host."""

    name = models.CharField(max_length=200, unique=True)
    processes = models.PositiveIntegerField()
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
