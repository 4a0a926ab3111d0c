"""A sweep's plans as a table to export: names instead of numbers, units in the columns' names."""

from __future__ import annotations

from collections.abc import Iterator

from planner.engine.verdict import VERDICTS
from planner.exports.tables import ExportColumn, ExportTable
from planner.sweeps.grid.entries import Entries
from planner.sweeps.results.files import FILES, paths
from planner.sweeps.results.order import Order
from planner.sweeps.results.query import RowsQuery, condition
from planner.sweeps.results.store import Results
from planner.sweeps.results.table_columns import entry_values, sql_without_join
from planner.sweeps.rows import STORED

# What is told of the entries that a plan names: the column, the stored column, the entry's figure.
_BEFORE = (
    ("machine", "machine", "name"),
    ("device", "machine", "device"),
    ("device_count", "machine", "device_count"),
    ("memory_gb", "machine", "memory_gb"),
    ("devices_price_usd", "machine", "devices_price_usd"),
    ("model", "model", "name"),
    ("format", "format", "name"),
)
_AFTER = (
    ("kv_format", "kv_format", "name"),
    ("runtime", "runtime", "slug"),
    ("backend", "runtime", "backend"),
)
_TEXTS = ("name", "slug", "device", "backend")
_BITS_PER_BYTE = "bits_per_byte"
_NO_ROWS = f"(SELECT {', '.join(f'NULL::{c.sql_type} AS {c.name}' for c in STORED)} WHERE false) AS nothing"


def export_table(results: Results, query: RowsQuery, sort: str = "") -> ExportTable:
    """The plans that ``table_page`` shows, in its order. KeyError for a sort that there is not."""
    entries = results.entries
    asked = condition(query, entries)
    of_a_byte = [8 / count if count else None for count in entry_values("model", "n_parameters", entries)]
    parameters = {**paths(results.rows), **asked.parameters, _BITS_PER_BYTE: of_a_byte}
    order, by = Order.of(sort), ""
    if order.column is not None:
        sql, of_entries = sql_without_join(order.column, entries)
        parameters |= of_entries
        by = f"{sql} {'DESC' if order.is_down else 'ASC'} NULLS LAST, plan"
    rows = FILES
    if not results.rows:
        rows = _NO_ROWS
        del parameters["files"]
    return ExportTable(tuple(_columns(entries)), f"{rows}{asked.where}", parameters, by)


def _columns(entries: Entries) -> Iterator[ExportColumn]:
    yield ExportColumn("plan", "plan")
    yield from _of_entries(_BEFORE, entries)
    bits = f"round(weights_bytes * list_extract(${_BITS_PER_BYTE}::DOUBLE[], model + 1), 4)"
    yield ExportColumn("bits_per_weight", bits)
    yield from _of_entries(_AFTER, entries)
    yield ExportColumn("context_tokens", "context_tokens")
    yield ExportColumn("concurrency", "concurrency")
    yield ExportColumn("verdict", "verdict", is_text=True, values=VERDICTS)
    for column in STORED:
        if column.name.endswith("_bytes"):
            yield ExportColumn(column.name, f"{column.name}::BIGINT")
        elif column.sql_type == "FLOAT":
            yield ExportColumn(column.name, column.name)
            if column.name == "decode_tps_high":
                yield ExportColumn("decode_total_tps", "decode_tps * concurrency::FLOAT")


def _of_entries(told: tuple[tuple[str, str, str], ...], entries: Entries) -> Iterator[ExportColumn]:
    for name, stored, figure in told:
        values = entry_values(stored, figure, entries)
        yield ExportColumn(name, stored, is_text=figure in _TEXTS, values=values)
