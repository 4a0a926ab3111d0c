"""Where a sweep's files lie and what they are called."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from uuid import UUID

from django.conf import settings

from planner.sweeps.models import Chunk, Sweep

SUMMARY = "summary.parquet"
BEST = "best.parquet"
_BLOCK = 2**20


def folder(sweep: Sweep) -> Path:
    """The folder of a sweep's result. It is made when the sweep is, never by a worker."""
    return folder_of(sweep.pk)


def folder_of(sweep_id: UUID) -> Path:
    """The same by the sweep's id."""
    return Path(settings.RESULTS_DIR) / str(sweep_id)


def rows_name(index: int) -> str:
    """The file of a chunk's plans."""
    return f"rows-{index:06d}.parquet"


def cells_name(index: int) -> str:
    """The file of a chunk's cells."""
    return f"cells-{index:06d}.parquet"


def names_of(chunk: Chunk) -> tuple[str, ...]:
    """All files that a chunk may have in the result."""
    if chunk.start == chunk.stop:
        return SUMMARY, BEST
    return rows_name(chunk.index), cells_name(chunk.index)


def temporary(name: str, attempt: int, token: str) -> str:
    """What a file is called until it is whole; ``token`` is the attempt's own, whoever else counts the same."""
    return f"{name.removesuffix('.parquet')}.attempt-{attempt}-{token}.tmp"


def settle(path: Path) -> tuple[int, str]:
    """See a written file safely to the disk; returns its size in bytes and its SHA-256."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def settle_names(where: Path) -> None:
    """See the names in a folder safely to the disk."""
    descriptor = os.open(where, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
