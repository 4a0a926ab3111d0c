"""What is done with sweeps: created, stopped, resumed, renamed, deleted. Computing them is the workers' business."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from datetime import timedelta
from itertools import count
from pathlib import Path

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from planner.pinning.pinned import pin
from planner.snapshot import Snapshot
from planner.sweeps.definition import Definition, as_json
from planner.sweeps.grid.entries import as_json as entries_as_json
from planner.sweeps.grid.estimate import estimate
from planner.sweeps.grid.slices import NUMBERING
from planner.sweeps.grid.sweep_grid import SweepGrid
from planner.sweeps.models import Chunk, Sweep, Worker
from planner.sweeps.work import tokens
from planner.sweeps.work.folder import folder
from planner.sweeps.work.leases import ACTIVE
from planner.sweeps.work.manifest import missing_chunks
from planner.sweeps.work.progress import WORKER_SEEN_S
from planner.sweeps.work.tidying import remove_deleted, remove_folder

# A chunk takes a second or so: shorter ones cost turns, longer ones memory, and more work when one is lost.
# They are whole numbers of the engine's blocks.
BLOCK_PLANS = 65_536
MOST_CHUNK_PLANS = 16 * BLOCK_PLANS
AIM_CHUNKS = 64  # so that workers end at about the same time
BATCH = 1000

_ENDED = (Sweep.State.STOPPED, Sweep.State.FAILED, Sweep.State.DONE)


class SweepError(Exception):
    """Why something cannot be done with a sweep; the message is for the person who asked for it."""


def create(
    definition: Definition,
    *,
    name: str,
    owner: str,
    snapshot: Snapshot,
    chunk_plans: int | None = None,
) -> Sweep:
    """Plan a sweep, keep what it is computed from, and wake the workers. ``chunk_plans``: another size of its chunks.

    Raises ``DefinitionError`` where it cannot be, and ``SweepError`` where its result cannot be written.
    """
    grid = SweepGrid.build(definition, snapshot)
    sweep = Sweep(
        pk=uuid.uuid4(),
        owner=owner,
        name=_name(name),
        definition=as_json(definition),
        entries=entries_as_json(grid.entries),
        snapshot=pin(snapshot),
        keep=definition.keep,
        n_plans=grid.n_plans,
        numbering=NUMBERING,
        pruned=[list(found) for found in grid.pruned],
    )
    _make_folder(sweep)
    try:
        _require_room(folder(sweep), estimate(grid, definition).n_bytes)
        with transaction.atomic():
            sweep.save(force_insert=True)
            Chunk.objects.bulk_create(
                _chunks(sweep, chunk_plans or _chunk_plans(grid.n_plans)), batch_size=BATCH
            )
            transaction.on_commit(_wake)
    except Exception:
        remove_folder(sweep.pk)
        raise
    return sweep


def stop(sweep: Sweep) -> None:
    """Stop a sweep; what is computed stays. Raises ``SweepError`` where it has ended."""
    running = Sweep.objects.filter(pk=sweep.pk, state__in=ACTIVE)
    if not running.update(state=Sweep.State.STOPPED, reason="", finished=Now()):
        raise SweepError("It is not running, so it cannot be stopped.")
    sweep.refresh_from_db()


def resume(sweep: Sweep) -> None:
    """Go on with a sweep that stopped or failed, and compute again what is gone from its folder. Raises ``SweepError``.

    What is done and there is not computed again.
    """
    again = missing_chunks(sweep)
    if sweep.state == Sweep.State.DONE and not again:
        raise SweepError("It is done, and all its files are there.")
    _make_folder(sweep)
    with transaction.atomic():
        _let_wait(sweep, again)
        ended = Sweep.objects.filter(pk=sweep.pk, state__in=_ENDED)
        if not ended.update(state=Sweep.State.QUEUED, reason="", finished=None):
            transaction.set_rollback(True)
            raise SweepError("It cannot be resumed: it is under way, or being deleted.")
        transaction.on_commit(_wake)
    sweep.refresh_from_db()


def rename(sweep: Sweep, name: str) -> None:
    """Give a sweep another name. Raises ``SweepError`` where it is none."""
    sweep.name = _name(name)
    sweep.save(update_fields=["name"])


def delete(sweep: Sweep) -> None:
    """Delete a sweep and its files: at once, or by a worker as soon as nobody computes for it any more."""
    Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.DELETING, reason="")
    remove_deleted(sweep.pk)


def _name(name: str) -> str:
    name = " ".join(name.split())
    longest = Sweep._meta.get_field("name").max_length or 0
    if not name or len(name) > longest:
        raise SweepError(f"Give the sweep a name of 1 to {longest} characters.")
    return name


def _chunk_plans(n_plans: int) -> int:
    blocks = -(-n_plans // (AIM_CHUNKS * BLOCK_PLANS))
    return min(blocks * BLOCK_PLANS, MOST_CHUNK_PLANS)


def _chunks(sweep: Sweep, chunk_plans: int) -> list[Chunk]:
    """The sweep's plans in order, and at the end the chunk that sums up."""
    starts = [*range(0, sweep.n_plans, chunk_plans), sweep.n_plans]
    stops = [*starts[1:], sweep.n_plans]
    ranges = zip(count(), starts, stops, strict=False)
    return [Chunk(sweep=sweep, index=index, start=start, stop=stop) for index, start, stop in ranges]


def _make_folder(sweep: Sweep) -> None:
    """Make the sweep's folder. Raises ``SweepError`` where it cannot be made or written to."""
    where = folder(sweep)
    try:
        where.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=where):
            pass
    except OSError as error:
        raise SweepError(
            f"Results cannot be written to {where.parent} ({error.strerror}). "
            "Whoever runs this program can set RESULTS_DIR to a folder that it may write to."
        ) from error


def _require_room(where: Path, n_bytes: float) -> None:
    """Raise ``SweepError`` where the disk has no room for a result of so many bytes."""
    free = shutil.disk_usage(where).free
    if n_bytes > free:
        raise SweepError(
            f"Its result takes about {n_bytes / 1e9:,.1f} GB, and {where.parent} has {free / 1e9:,.1f} GB free. "
            "Keep fewer plans, narrow an axis, or free some of the disk."
        )


def _let_wait(sweep: Sweep, again: set[int]) -> None:
    """Let all chunks wait that are not done, and those that are to be done again, as if never tried.

    Whoever still computes one of a sweep that was stopped may go on; one of a sweep that failed is taken away from
    him, lest it fail the sweep once more for what has been mended.
    """
    waiting = {"attempts": 0, "error": "", "worker": "", "lease_until": None, "state": Chunk.State.PENDING}
    chunks = Chunk.objects.filter(sweep=sweep)
    to_wait = {Chunk.State.PENDING, Chunk.State.FAILED}
    if Sweep.objects.filter(pk=sweep.pk, state=Sweep.State.FAILED).exists():
        to_wait.add(Chunk.State.LEASED)
    chunks.filter(state__in=to_wait).update(**waiting)
    for pks in _batches(sorted(again)):
        done = chunks.filter(pk__in=pks, state=Chunk.State.DONE)
        done.update(**waiting)
        sweep.files.filter(chunk__in=pks).delete()


def _batches(pks: list[int]) -> list[list[int]]:
    return [pks[at : at + BATCH] for at in range(0, len(pks), BATCH)]


def _wake() -> None:
    """Wake as many processes as workers have, or one where none was seen: it asks for more itself."""
    seen = Worker.objects.filter(seen__gt=Now() - timedelta(seconds=WORKER_SEEN_S))
    tokens.publish_soon(max(1, seen.aggregate(n=Sum("processes"))["n"] or 0))
