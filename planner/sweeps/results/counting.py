"""How many plans a query finds: from the manifest or the summary where they know, else counted once and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace

from planner.engine.verdict import OFFLOAD, VERDICTS
from planner.sweeps.results.duck import reading
from planner.sweeps.results.files import FILES, paths
from planner.sweeps.results.query import RowsQuery, condition, is_of_cells
from planner.sweeps.results.store import Results

HELD = 1024
# Verdicts of the plans whose rows are kept, where the summary's counts are theirs.
_KEPT = {"all": range(len(VERDICTS)), "running": range(OFFLOAD + 1)}


class _Held:
    lock = threading.Lock()
    counts: OrderedDict[tuple[object, RowsQuery], int] = OrderedDict()


def n_matching(results: Results, query: RowsQuery) -> int:
    """Plans of the result, as it is now, that the query finds."""
    if query.is_all or not results.n_rows:
        return results.n_rows
    key = (results.state, query)
    with _Held.lock:
        if key in _Held.counts:
            _Held.counts.move_to_end(key)
            return _Held.counts[key]
    counted = _counted(results, query)
    with _Held.lock:
        _Held.counts[key] = counted
        while len(_Held.counts) > HELD:
            _Held.counts.popitem(last=False)
    return counted


def _counted(results: Results, query: RowsQuery) -> int:
    select, files, asked = "count(*)", results.rows, query
    if results.summary is not None and results.keep in _KEPT and is_of_cells(query, results.entries):
        verdicts = [code for code in _KEPT[results.keep] if not query.verdicts or code in query.verdicts]
        if not verdicts:
            return 0
        select = " + ".join(f"coalesce(sum(n_{VERDICTS[code]}), 0)" for code in verdicts)
        files = (results.summary,)
        asked = replace(query, verdict="")
    where = condition(asked, results.entries)
    found = reading().execute(
        f"SELECT {select} FROM {FILES}{where.where}", {**paths(files), **where.parameters}
    )
    ((n_found,),) = found.fetchall()
    return int(n_found)
