"""llama-bench's JSON, JSON lines and CSV."""

from __future__ import annotations

from planner.contributions.parsers.llama_bench import KIND, KIND_NAME, row_of
from planner.contributions.parsers.llama_devices import DeviceLog
from planner.contributions.parsers.rows import ParsedRow, Reading, check_row_count, one_problem
from planner.contributions.parsers.sheet import Sheet
from planner.contributions.parsers.values import Entries, flat


def is_result(entry: object) -> bool:
    """Whether an object is a result of llama-bench."""
    return isinstance(entry, dict) and bool(
        {"avg_ts", "avg_prompt_ts", "avg_gen_ts"} & entry.keys() or {"n_prompt", "n_gen"} <= entry.keys()
    )


def read_entries(entries: Entries) -> Reading:
    """The rows of llama-bench's JSON or JSON lines."""
    check_row_count(len(entries.objects))
    log = DeviceLog()
    for line in entries.before.split("\n"):
        log.line(line)
    rows: list[ParsedRow] = []
    for number, entry in enumerate(entries.objects, start=1):
        raw = flat(entry)
        if raw is None or not is_result(entry):
            rows.append(one_problem(number, "avg_ts", "the entry is not a result of llama-bench"))
        else:
            rows.append(row_of(number, raw, log.names))
    if entries.broken:
        rows.append(one_problem(len(rows) + 1, "JSON", entries.broken))
    return Reading(KIND, f"{KIND_NAME}, JSON", "entry", tuple(rows))


def read_sheet(sheet: Sheet) -> Reading:
    """The rows of llama-bench's CSV."""
    rows = tuple(
        row_of(line.number, line.fields) if not line.fault else one_problem(line.number, "line", line.fault)
        for line in sheet.lines
    )
    return Reading(KIND, f"{KIND_NAME}, CSV", "line", rows)
