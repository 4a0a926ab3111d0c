"""Sweeps in the database with results made up by ``random_rows``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from planner.duck import connect
from planner.pinning.models import PinnedSnapshot
from planner.sweeps.definition import Definition, Selection, as_json
from planner.sweeps.grid.entries import Entries
from planner.sweeps.grid.entries import as_json as entries_as_json
from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.results.closing import write_best, write_summary
from tests.sweeps.random_rows import Columns, write_parts

DEFINITION = Definition(
    machines=Selection(all=True),
    models=Selection(all=True),
    contexts_tokens=(4096, 131_072),
    concurrency=(1, 8),
)


def make_sweep(
    columns: Columns, known: Entries, cuts: Sequence[int] = (), keep: str = "all", is_done: bool = True
) -> Sweep:
    """A sweep whose chunks were cut there; where it is not done, nothing sums it up."""
    n = len(columns["plan"])
    snapshot, _ = PinnedSnapshot.objects.get_or_create(
        sha256="0" * 64, defaults={"formula_version": 1, "calibration_name": "none", "document": b""}
    )
    sweep = Sweep.objects.create(
        owner="somebody",
        name="made up",
        definition=as_json(DEFINITION) | {"keep": keep},
        entries=entries_as_json(known),
        snapshot=snapshot,
        keep=keep,
        n_plans=n,
        state=Sweep.State.DONE if is_done else Sweep.State.RUNNING,
    )
    folder = Path(settings.RESULTS_DIR) / str(sweep.pk)
    rows, cells = write_parts(columns, cuts, keep, known, folder)
    for i, (start, stop) in enumerate(zip([0, *cuts], [*cuts, n], strict=True)):
        chunk = Chunk.objects.create(sweep=sweep, index=i, start=start, stop=stop, state=Chunk.State.DONE)
        _enter(chunk, ResultFile.Kind.ROWS, rows[i])
        _enter(chunk, ResultFile.Kind.CELLS, cells[i])
    if is_done:
        _close(sweep, known, folder, rows, cells)
    return sweep


def _close(sweep: Sweep, known: Entries, folder: Path, rows: Sequence[Path], cells: Sequence[Path]) -> None:
    chunk = Chunk.objects.create(sweep=sweep, index=len(rows), start=sweep.n_plans, stop=sweep.n_plans)
    with connect() as connection:
        write_summary(connection, cells, folder / "summary.parquet")
        _enter(chunk, ResultFile.Kind.SUMMARY, folder / "summary.parquet")
        if sweep.keep == "best":
            write_best(connection, rows, known, folder / "best.parquet")
            ResultFile.objects.filter(sweep=sweep, kind=ResultFile.Kind.ROWS).delete()
            _enter(chunk, ResultFile.Kind.ROWS, folder / "best.parquet")


def _enter(chunk: Chunk, kind: ResultFile.Kind, path: Path) -> None:
    with connect() as connection:
        ((n_rows,),) = connection.execute(
            "SELECT count(*) FROM read_parquet($file)", {"file": str(path)}
        ).fetchall()
    written = path.read_bytes()
    ResultFile.objects.create(
        sweep=chunk.sweep,
        chunk=chunk,
        kind=kind,
        name=path.name,
        n_rows=n_rows,
        n_bytes=len(written),
        sha256=hashlib.sha256(written).hexdigest(),
    )
