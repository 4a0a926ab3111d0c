"""Exports as streams: DuckDB writes into a pipe what the client reads out of it, so that memory does not grow."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from planner.duck import connect
from planner.exports.formats import FORMATS, Format, lists
from planner.exports.tables import ExportTable

if TYPE_CHECKING:
    import duckdb

MEMORY_MB = 256  # of an export
# What sorting may put on the disk meanwhile: measured are 67 bytes a row of a sweep.
SPILLED_BYTES = 100
MOST_SPILLED_BYTES = 20e9
# Exports that a process makes at once: each takes a core.
MOST_AT_ONCE = 2
BLOCK = 2**18
_STALE_S = 24 * 3600

logger = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(MOST_AT_ONCE)


class ExportsBusy(Exception):
    """As many exports are being made as a process makes at once; the message is for the person."""

    def __init__(self) -> None:
        super().__init__("Other exports are being made right now. Try again in a minute.")


class ExportFailed(Exception):
    """An export broke off; what was sent of it says so."""


def stream(key: str, table: ExportTable, spill: Path) -> Export:
    """The file, a block at a time. ``key`` is one of ``FORMATS``; large sorts go to a folder below ``spill`` meanwhile.

    Raises ``ExportsBusy`` at once. Whoever takes it must ``close`` it (as Django does with what it streams). Where the
    export breaks off, its last line says so (a Parquet file lacks its end), and ``ExportFailed`` is raised after that.
    """
    return Export(FORMATS[key], table, spill)


def can_sort(n_rows: int, spill: Path) -> bool:
    """Whether there is room on the disk to sort so many rows."""
    spill.mkdir(parents=True, exist_ok=True)
    needed = n_rows * SPILLED_BYTES
    return needed <= min(MOST_SPILLED_BYTES, shutil.disk_usage(spill).free / 2)


class Export(Iterator[bytes]):
    """A file while it is written."""

    def __init__(self, form: Format, table: ExportTable, spill: Path) -> None:
        """See ``stream``."""
        self._is_open = _places.acquire(blocking=False)
        if not self._is_open:
            raise ExportsBusy()
        self._blocks = _blocks(form, table, spill)

    def __next__(self) -> bytes:
        return next(self._blocks)

    def close(self) -> None:
        """Stop, whether it is done or not; nothing of it stays."""
        if self._is_open:
            self._is_open = False
            try:
                self._blocks.close()
            finally:
                _places.release()

    def __del__(self) -> None:
        self.close()


def _blocks(form: Format, table: ExportTable, spill: Path) -> Generator[bytes]:
    header = form.header(table.columns)
    if header:
        yield header
    ends_line = True
    with ExitStack() as held:
        folder = held.enter_context(_folder(spill)) if table.order else None
        connection = held.enter_context(contextlib.closing(connect(memory_mb=MEMORY_MB, spill=folder)))
        writer = held.enter_context(contextlib.closing(_Writer(connection, form, table)))
        while block := os.read(writer.out, BLOCK):
            ends_line = block.endswith(b"\n")
            yield block
        error = writer.finish()
    if error is not None:
        logger.error("An export broke off.", exc_info=error)
        if form.failure:
            yield form.failure if ends_line else b"\n" + form.failure
        raise ExportFailed("the export broke off") from error


class _Writer:
    """A thread in which DuckDB writes into the pipe."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, form: Format, table: ExportTable) -> None:
        self._connection = connection
        self._error: Exception | None = None
        self.out, self._in = os.pipe()
        self._is_open = True
        order = f" ORDER BY {table.order}" if table.order else ""
        # sorted as stored, which is less than what is written
        rows = f"(SELECT * FROM {table.rows}{order})" if order else table.rows
        self._sql = (
            f"COPY (SELECT {form.select(table.columns)} FROM {rows}) "
            f"TO '/dev/fd/{self._in}' ({form.options}, USE_TMP_FILE false)"
        )
        self._parameters = {**table.parameters, **lists(table.columns, form.text)}
        self._thread = threading.Thread(target=self._write, name="export", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        try:
            self._connection.execute(self._sql, self._parameters)
        except Exception as error:
            self._error = error
        finally:
            os.close(self._in)

    def finish(self) -> Exception | None:
        """Wait for its end; what went wrong, if anything."""
        self._thread.join()
        return self._error

    def close(self) -> None:
        """Let it end now: it finds nobody reading."""
        if self._is_open:
            self._is_open = False
            os.close(self.out)
            while self._thread.is_alive():
                self._connection.interrupt()
                self._thread.join(timeout=0.05)


@contextlib.contextmanager
def _folder(spill: Path) -> Iterator[Path]:
    """A folder for what does not fit into memory, gone afterwards; also those that a killed process left."""
    spill.mkdir(parents=True, exist_ok=True)
    for left in spill.glob("export-*"):
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < time.time() - _STALE_S:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="export-", dir=spill, ignore_cleanup_errors=True) as name:
        yield Path(name)
