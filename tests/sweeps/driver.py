"""Acts on sweeps of a running Sizewise as its web server does, in a process of its own.

Reads a line of JSON, ``{"call": …, …}``, and answers with one, until its input ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "planner.settings")
django.setup()

from planner.snapshot import current  # noqa: E402
from planner.sweeps.definition import of_json  # noqa: E402
from planner.sweeps.models import Chunk, Sweep, Worker  # noqa: E402
from planner.sweeps.work import services  # noqa: E402
from planner.sweeps.work.folder import folder  # noqa: E402
from planner.sweeps.work.progress import progress  # noqa: E402


def create(definition: dict[str, Any], chunk_plans: int) -> str:
    sweep = services.create(
        of_json(definition), name="a sweep", owner="", snapshot=current(), chunk_plans=chunk_plans
    )
    return str(sweep.pk)


def act(sweep: str, what: str) -> None:
    """Stop, resume or delete a sweep."""
    getattr(services, what)(Sweep.objects.get(pk=sweep))


def look(sweep: str) -> dict[str, Any]:
    """How far a sweep is."""
    found = progress(Sweep.objects.get(pk=sweep))
    return {
        "state": str(found.state),
        "reason": found.reason,
        "n_done": found.n_chunks_done,
        "n_chunks": found.n_chunks,
        "errors": [problem.error for problem in found.errors],
        "leased": Chunk.objects.filter(sweep=sweep, state=Chunk.State.LEASED).count(),
    }


def result(sweep: str) -> dict[str, Any]:
    """The manifest, as it stands and as the files really are, and what else lies in the folder."""
    found = Sweep.objects.get(pk=sweep)
    where = folder(found)
    files = {file.name: (file.n_rows, file.sha256) for file in found.files.all()}
    hashes = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (where.iterdir() if where.is_dir() else ())
    }
    return {
        "files": dict(sorted(files.items())),
        "wrong": sorted(name for name, (_, sha256) in files.items() if hashes.get(name) != sha256),
        "strange": sorted(set(hashes) - set(files)),
        "folder": str(where),
        "n_plans": found.n_plans,
        "attempts": sum(Chunk.objects.filter(sweep=sweep).values_list("attempts", flat=True)),
    }


def finishing_order(sweeps: list[str]) -> list[str]:
    """Whose chunk was done first, second, ..."""
    chunks = Chunk.objects.filter(sweep__in=sweeps, state=Chunk.State.DONE).order_by("heartbeat")
    return [str(sweep) for sweep in chunks.values_list("sweep", flat=True)]


def n_workers() -> int:
    return Worker.objects.count()


def checkpoint() -> None:
    """Empty SQLite's write-ahead log, so that what is written next stands at its beginning."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


CALLS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (create, act, look, result, finishing_order, n_workers, checkpoint)
}

if __name__ == "__main__":
    current()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = CALLS[asked.pop("call")](**asked)
        print(json.dumps(answer, default=str), flush=True)
