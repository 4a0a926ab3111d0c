"""A sweep's result as its readers open it: the entries, and the files of the manifest where they really lie."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from django.conf import settings

from planner.sweeps.grid.entries import Entries, of_json
from planner.sweeps.models import ResultFile, Sweep

# sweeps whose entries a process keeps; 2,000 machines take about 1 MB
HELD = 16


class ResultsMissing(Exception):
    """Files of the manifest that are gone or have another size; ``missing`` has them in the manifest's order."""

    def __init__(self, missing: Sequence[ResultFile]) -> None:
        super().__init__(f"{len(missing)} files of the result are gone or have another size")
        self.missing = list(missing)


def find_sweep(sweep_id: UUID) -> Sweep | None:
    """The sweep, unless there is none or it is being deleted.

    Its two large columns are read when they are asked for: entries once in a process.
    """
    known = Sweep.objects.select_related("snapshot").defer("entries", "snapshot__document")
    return known.filter(pk=sweep_id).exclude(state=Sweep.State.DELETING).first()


class Results:
    """What is there of a sweep's result now: all of a finished one, the chunks done so far of another.

    The paths of ``rows`` stand in the order of plan numbers. Raises ``ResultsMissing`` where a file is gone. A sweep
    fetched with ``defer("entries")`` needs its entries only once in a process.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep_id: UUID = sweep.pk
        self.keep = sweep.keep
        folder = Path(settings.RESULTS_DIR) / str(sweep.pk)
        files = list(ResultFile.objects.filter(sweep=sweep).order_by("chunk__index"))
        missing = [file for file in files if not _is_there(folder / file.name, file.n_bytes)]
        if missing:
            raise ResultsMissing(missing)
        self.entries: Entries = _entries(sweep)
        rows = [file for file in files if file.kind == ResultFile.Kind.ROWS]
        self.n_rows = sum(file.n_rows for file in rows)
        self.rows = tuple(folder / file.name for file in rows)
        self.cells = tuple(folder / file.name for file in files if file.kind == ResultFile.Kind.CELLS)
        summaries = [folder / file.name for file in files if file.kind == ResultFile.Kind.SUMMARY]
        self.summary: Path | None = summaries[0] if summaries else None
        # what was found in these files stays true while this stays the same
        self.state = (self.sweep_id, len(rows), self.n_rows, bool(summaries))


def _is_there(path: Path, n_bytes: int) -> bool:
    try:
        return path.stat().st_size == n_bytes
    except OSError:
        return False


class _Held:
    lock = threading.Lock()
    entries: OrderedDict[UUID, Entries] = OrderedDict()


def _entries(sweep: Sweep) -> Entries:
    """The sweep's entries, which never change."""
    with _Held.lock:
        if sweep.pk in _Held.entries:
            _Held.entries.move_to_end(sweep.pk)
            return _Held.entries[sweep.pk]
    entries = of_json(sweep.entries)
    with _Held.lock:
        _Held.entries[sweep.pk] = entries
        while len(_Held.entries) > HELD:
            _Held.entries.popitem(last=False)
    return entries
