"""Removing files that belong to no result. Only what carries a name of ours, in a folder of a sweep that is known."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import F

from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.work.folder import BEST, SUMMARY, folder_of

_TEMPORARY = re.compile(r"(?:rows-\d+|cells-\d+|summary|best)\.attempt-\d+-(\w+)\.tmp")  # or more behind it
_WHOLE = re.compile(r"(?:rows|cells)-(\d+)\.parquet")


def remove_temporaries(where: Path, names: Iterable[str], of_attempt: tuple[int, str] | None = None) -> None:
    """Remove the temporary files for these names: all of them, or those of one attempt (number, token)."""
    which = "*" if of_attempt is None else f"{of_attempt[0]}-{of_attempt[1]}*"
    for name in names:
        for path in where.glob(f"{name.removesuffix('.parquet')}.attempt-{which}"):
            _remove(path)


def remove_orphans(sweep_id: UUID) -> None:
    """Remove the files of a sweep that are not in its manifest and that nobody is writing."""
    where = folder_of(sweep_id)
    found = _files(where)  # first: what comes later may be somebody's who began later
    leased = Chunk.objects.filter(sweep=sweep_id, state=Chunk.State.LEASED)
    tokens = {holder.rpartition(" ")[2] for holder in leased.values_list("worker", flat=True)}
    entered = set(ResultFile.objects.filter(sweep=sweep_id).values_list("name", flat=True))
    for name in sorted(found - entered):
        if match := _TEMPORARY.match(name):
            if match[1] not in tokens:
                _remove(where / name)
        elif name in (SUMMARY, BEST) or _WHOLE.fullmatch(name):
            _remove_unless_entered(sweep_id, where / name)


def remove_folder(sweep_id: UUID) -> bool:
    """Remove a sweep's folder; False where something of it remains."""
    where = folder_of(sweep_id)
    shutil.rmtree(where, ignore_errors=True)
    return not os.path.lexists(where)


def remove_deleted(sweep_id: UUID) -> bool:
    """Remove a sweep that is being deleted, once nobody computes for it; False where it has to wait."""
    sweep = Sweep.objects.filter(pk=sweep_id, state=Sweep.State.DELETING)
    if not sweep.exists() or Chunk.objects.filter(sweep=sweep_id, state=Chunk.State.LEASED).exists():
        return False
    if not remove_folder(sweep_id):
        return False
    sweep.delete()
    return True


def _remove_unless_entered(sweep_id: UUID, path: Path) -> None:
    """Remove a file under its final name: with its chunk locked, nobody can be entering it."""
    with transaction.atomic():
        chunks = Chunk.objects.select_for_update().filter(sweep=sweep_id)
        match = _WHOLE.fullmatch(path.name)
        chunk = chunks.filter(index=int(match[1])) if match else chunks.filter(start=F("stop"))
        states = list(chunk.values_list("state", flat=True))
        entered = ResultFile.objects.filter(sweep=sweep_id, name=path.name).exists()
        if states and Chunk.State.LEASED not in states and not entered:
            _remove(path)


def _files(where: Path) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(where) if entry.is_file(follow_symlinks=False)}
    except OSError:
        return set()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # gone already, or to be tried again by the next round
        path.unlink()
