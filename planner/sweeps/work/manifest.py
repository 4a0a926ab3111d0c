"""What of a sweep's result is really there."""

from __future__ import annotations

from django.db.models import F

from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.work.folder import folder


def missing_files(sweep: Sweep) -> list[ResultFile]:
    """Files of the manifest that are gone from the folder or have another size."""
    where = folder(sweep)
    missing = []
    for file in sweep.files.all():
        try:
            is_there = (where / file.name).stat().st_size == file.n_bytes
        except OSError:
            is_there = False
        if not is_there:
            missing.append(file)
    return missing


def missing_chunks(sweep: Sweep) -> set[int]:
    """The chunks (primary keys) that must be computed again for the result to be whole."""
    again = {file.chunk_id for file in missing_files(sweep)}
    if not again:
        return again
    chunks = Chunk.objects.filter(sweep=sweep)
    closing = chunks.get(start=F("stop"))
    if sweep.keep == "best" and closing.state == Chunk.State.DONE:
        # the chunks' own rows went into the best of all, and only from all of them can it be made again
        return set(chunks.values_list("pk", flat=True))
    return again | {closing.pk}
