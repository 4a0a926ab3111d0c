"""Computing one chunk of a sweep, from its lease to its files."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connections

from planner.duck import connect
from planner.pinning.pinned import CannotRebuild, pinned
from planner.snapshot import current
from planner.sweeps.definition import of_json
from planner.sweeps.grid.slices import NUMBERING
from planner.sweeps.grid.support import support
from planner.sweeps.grid.sweep_grid import SweepGrid
from planner.sweeps.models import ResultFile, Sweep
from planner.sweeps.results.closing import write_best, write_summary
from planner.sweeps.results.writing import write_chunk
from planner.sweeps.work.finishing import Made, finish
from planner.sweeps.work.folder import BEST, SUMMARY, cells_name, folder_of, rows_name, temporary
from planner.sweeps.work.heart import Heart, Interrupted, NoHeart
from planner.sweeps.work.leases import ACTIVE, MOST_ATTEMPTS, Lease, claim, claim_of, fail, give_back, held
from planner.sweeps.work.reasons import reason_of
from planner.sweeps.work.tidying import remove_orphans, remove_temporaries

if TYPE_CHECKING:
    import duckdb

# Sweeps that a process keeps ready: with two under way it goes from one to the other and back.
HELD = 2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sweep ready for computing."""

    grid: SweepGrid
    keep: str
    folder: Path


_prepared: OrderedDict[UUID, Prepared] = OrderedDict()


class _Held(threading.local):
    # making a connection and ending it takes as long as writing thousands of plans
    connection: duckdb.DuckDBPyConnection | None = None


_held = _Held()


def warm_up() -> None:
    """Load what every sweep needs, so that the processes of a worker share it instead of loading it each."""
    try:
        import duckdb  # noqa: F401

        support(current())
    except Exception as error:  # a database that is away or empty now: each process loads it when it can
        logger.debug("The catalog could not be loaded ahead: %s", error)
    finally:
        connections.close_all()


def work_once(process: str) -> bool:
    """Take the fairest next chunk and compute it; False where there was none."""
    lease = claim(process)
    if lease is None:
        return False
    _attempt(lease, Heart(lease))
    return True


def compute_here(sweep: Sweep) -> None:
    """Compute what is left of a sweep in this process and thread, without workers and broker, until it ends."""
    while sweep.state in ACTIVE:
        if lease := claim_of(sweep.pk, "here:0/0"):
            _attempt(lease, NoHeart())
        else:  # what failed is tried again a little later
            time.sleep(0.1)
        sweep.refresh_from_db()


def _attempt(lease: Lease, heart: Heart | NoHeart) -> None:
    """Compute a leased chunk, and note what came of it."""
    try:
        _compute(lease, heart)
    except Interrupted:
        give_back(held(lease))
    except CannotRebuild as error:
        fail(lease, str(error), for_good=True)
    except Exception as error:
        if heart.has_ended:  # what DuckDB raises then is only that it was interrupted
            give_back(held(lease))
            return
        if lease.attempt >= MOST_ATTEMPTS:
            logger.exception("Chunk %s of sweep %s fails.", lease.index, lease.sweep_id)
        fail(lease, reason_of(error, folder_of(lease.sweep_id)))


def _compute(lease: Lease, heart: Heart | NoHeart) -> None:
    """Compute a leased chunk; whatever happens, no temporary file of this attempt stays. Raises ``Interrupted``."""
    with _connection() as connection, heart.beating(connection.interrupt), _kept_tidy(lease):
        prepared = _prepare(lease.sweep_id)
        os.listdir(prepared.folder)  # better now than after computing
        began = time.monotonic()
        made = _made(lease, prepared, connection, heart)
        heart.check()
        if not finish(lease, made, time.monotonic() - began):
            raise Interrupted
    if lease.is_closing:
        remove_orphans(lease.sweep_id)


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """This thread's connection; after trouble the next one is new."""
    connection, _held.connection = _held.connection or connect(), None
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    _held.connection = connection


@contextmanager
def _kept_tidy(lease: Lease) -> Iterator[None]:
    """Without temporary files of earlier attempts before, and of this one after."""
    where, names = folder_of(lease.sweep_id), _names(lease)
    remove_temporaries(where, names)
    try:
        yield
    finally:
        remove_temporaries(where, names, of_attempt=(lease.attempt, lease.token))


def _names(lease: Lease) -> tuple[str, str]:
    return (SUMMARY, BEST) if lease.is_closing else (rows_name(lease.index), cells_name(lease.index))


def _prepare(sweep_id: UUID) -> Prepared:
    """The sweep ready for computing. Raises ``CannotRebuild``."""
    if sweep_id not in _prepared:
        sweep = Sweep.objects.select_related("snapshot").get(pk=sweep_id)
        grid = SweepGrid.build(of_json(sweep.definition), pinned(sweep.snapshot.sha256))
        if (sweep.numbering, sweep.n_plans) != (NUMBERING, grid.n_plans):
            raise CannotRebuild("It was planned with another version of this program. Ask it anew.")
        _prepared[sweep_id] = Prepared(grid, sweep.keep, folder_of(sweep_id))
        while len(_prepared) > HELD:
            _prepared.popitem(last=False)
    _prepared.move_to_end(sweep_id)
    return _prepared[sweep_id]


def _made(
    lease: Lease, prepared: Prepared, connection: duckdb.DuckDBPyConnection, heart: Heart | NoHeart
) -> list[Made]:
    """Write the chunk's files under temporary names."""

    def path(name: str) -> Path:
        return prepared.folder / temporary(name, lease.attempt, lease.token)

    if lease.is_closing:
        return _closed(lease.sweep_id, prepared, connection, path)
    columns = prepared.grid.rows(lease.start, lease.stop, heart.check)
    heart.check()
    rows, cells = rows_name(lease.index), cells_name(lease.index)
    n_rows, n_cells = write_chunk(
        connection, columns, prepared.keep, prepared.grid.entries, path(rows), path(cells)
    )
    return [
        Made(path(rows), rows, ResultFile.Kind.ROWS, n_rows),
        Made(path(cells), cells, ResultFile.Kind.CELLS, n_cells),
    ]


def _closed(
    sweep_id: UUID,
    prepared: Prepared,
    connection: duckdb.DuckDBPyConnection,
    path: Callable[[str], Path],
) -> list[Made]:
    """Write what sums the sweep up."""
    files = ResultFile.objects.filter(sweep=sweep_id).order_by("chunk__index")

    def of(kind: ResultFile.Kind) -> list[Path]:
        return [prepared.folder / name for name in files.filter(kind=kind).values_list("name", flat=True)]

    n_cells = write_summary(connection, of(ResultFile.Kind.CELLS), path(SUMMARY))
    made = [Made(path(SUMMARY), SUMMARY, ResultFile.Kind.SUMMARY, n_cells)]
    if prepared.keep == "best":
        n_rows = write_best(connection, of(ResultFile.Kind.ROWS), prepared.grid.entries, path(BEST))
        made.append(Made(path(BEST), BEST, ResultFile.Kind.ROWS, n_rows, replaces_kind=True))
    return made
