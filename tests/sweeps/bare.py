"""Sweeps as rows of the database only: for what leases and progress do with them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from planner.pinning.models import PinnedSnapshot
from planner.sweeps.models import Chunk, Sweep


def bare_sweep(n_chunks: int = 3, chunk_plans: int = 100, **fields: Any) -> Sweep:
    """A sweep with so many chunks, and the one that sums it up; nothing could be computed from it."""
    snapshot, _ = PinnedSnapshot.objects.get_or_create(
        sha256="0" * 64, defaults={"formula_version": 0, "calibration_name": "none", "document": b""}
    )
    n_plans = n_chunks * chunk_plans
    given = {"name": "bare", "owner": "somebody", "keep": "all", "n_plans": n_plans, **fields}
    sweep = Sweep.objects.create(pk=uuid.uuid4(), definition={}, entries={}, snapshot=snapshot, **given)
    starts = range(0, n_plans + 1, chunk_plans)
    Chunk.objects.bulk_create(
        Chunk(sweep=sweep, index=index, start=start, stop=min(start + chunk_plans, n_plans))
        for index, start in enumerate(starts)
    )
    return sweep


def chunk(sweep: Sweep, index: int = 0) -> Chunk:
    return Chunk.objects.get(sweep=sweep, index=index)


def age(sweep: Sweep, seconds: float) -> None:
    """Let all times of a sweep's chunks lie further in the past."""
    for found in Chunk.objects.filter(sweep=sweep):
        for name in ("heartbeat", "lease_until"):
            if (time := getattr(found, name)) is not None:
                setattr(found, name, time - timedelta(seconds=seconds))
        found.save()


def all_done(sweep: Sweep) -> None:
    """Let all chunks with plans be done."""
    Chunk.objects.filter(sweep=sweep, start__lt=sweep.n_plans).update(
        state=Chunk.State.DONE, seconds=1.0, heartbeat=Now(), worker="host:1/2 aa"
    )
