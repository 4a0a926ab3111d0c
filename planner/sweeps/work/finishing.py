"""Making a chunk's files part of the result: all at once, and only by whoever still holds the chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models.functions import Now

from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.work.folder import settle, settle_names
from planner.sweeps.work.leases import Lease, held


@dataclass(frozen=True, slots=True)
class Made:
    """A file that an attempt wrote: under which name it belongs to the result."""

    path: Path
    name: str
    kind: ResultFile.Kind
    n_rows: int
    replaces_kind: bool = False  # it takes the place of all files of its kind

    @property
    def target(self) -> Path:
        """Where it belongs."""
        return self.path.with_name(self.name)


def finish(lease: Lease, made: Sequence[Made], seconds: float) -> bool:
    """Enter a chunk's files into the manifest under their names; False, with nothing changed, where the lease is lost.

    Raises ``OSError`` where a file cannot be settled or renamed; the chunk is then not done.
    """
    settled = [settle(file.path) for file in made]
    with transaction.atomic():
        if not held(lease).update(
            state=Chunk.State.DONE, error="", seconds=seconds, heartbeat=Now(), lease_until=None
        ):
            return False
        # not a condition of the update: PostgreSQL would judge it by what it was before it waited for the lock
        if not Sweep.objects.filter(pk=lease.sweep_id, state=Sweep.State.RUNNING).exists():
            transaction.set_rollback(True)
            return False
        if lease.is_closing and not _close(lease):
            transaction.set_rollback(True)
            return False
        _enter(lease, made, settled)
    return True


def _close(lease: Lease) -> bool:
    running = Sweep.objects.filter(pk=lease.sweep_id, state=Sweep.State.RUNNING)
    return bool(running.update(state=Sweep.State.DONE, reason="", finished=Now()))


def _enter(lease: Lease, made: Sequence[Made], settled: Sequence[tuple[int, str]]) -> None:
    """Rename before the commit: a name in the manifest is then always a file's; one too many is swept some day."""
    for file in made:
        if file.replaces_kind:
            ResultFile.objects.filter(sweep=lease.sweep_id, kind=file.kind).delete()
    ResultFile.objects.filter(chunk=lease.chunk_id).delete()
    for file in made:
        file.path.replace(file.target)
    for folder in {file.path.parent for file in made}:
        settle_names(folder)
    ResultFile.objects.bulk_create(
        ResultFile(
            sweep_id=lease.sweep_id,
            chunk_id=lease.chunk_id,
            kind=file.kind,
            name=file.name,
            n_rows=file.n_rows,
            n_bytes=n_bytes,
            sha256=sha256,
        )
        for file, (n_bytes, sha256) in zip(made, settled, strict=True)
    )
