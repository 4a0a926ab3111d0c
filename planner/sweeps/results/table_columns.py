"""The columns of the table of plans, with what each is sorted by; the entries' names and figures as tables of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.sweeps.grid.entries import Entries

PLACE = "place"  # the figure that says where an entry stands by its name


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column by which the table can be sorted.

    ``sql``: what it is sorted by, of the stored columns and ``figure_name``, the figure of a kind of ``entry``.
    """

    key: str
    heading: str
    sql: str
    sql_type: str
    unit: str = ""
    entry: str = ""
    figure: str = ""
    can_be_unknown: bool = False

    @property
    def figure_name(self) -> str:
        """What the figure of its entry is called in SQL."""
        return f"{self.entry}_{self.figure}"

    @property
    def is_number(self) -> bool:
        """Not a name."""
        return self.figure != PLACE

    @property
    def is_figure(self) -> bool:
        """Not a whole number."""
        return self.sql_type in ("FLOAT", "DOUBLE")


def _name(key: str, heading: str) -> TableColumn:
    """The column of an entry's name, whose alphabetical place it is sorted by."""
    return TableColumn(key, heading, f"{key}_{PLACE}", "BIGINT", entry=key, figure=PLACE)


# In the order of the page. "-key" sorts downwards.
TABLE: tuple[TableColumn, ...] = (
    _name("machine", "Machine"),
    TableColumn(
        "price",
        "Price",
        "machine_devices_price_usd",
        "DOUBLE",
        "$",
        "machine",
        "devices_price_usd",
        can_be_unknown=True,
    ),
    _name("model", "Model"),
    _name("format", "Weight format"),
    TableColumn(
        "bits",
        "Bits per weight",
        "8 * weights_bytes / model_n_parameters",
        "DOUBLE",
        entry="model",
        figure="n_parameters",
        can_be_unknown=True,
    ),
    _name("kv_format", "KV format"),
    _name("runtime", "Program (runtime)"),
    TableColumn("context", "Context", "context_tokens", "UINTEGER", "tokens"),
    TableColumn("users", "Users at once", "concurrency", "UINTEGER"),
    TableColumn("verdict", "Does it fit?", "verdict", "UTINYINT"),
    TableColumn("need", "Memory needed", "need_bytes", "DOUBLE", "GiB", can_be_unknown=True),
    TableColumn("limit", "Memory there is", "limit_bytes", "DOUBLE", "GiB", can_be_unknown=True),
    TableColumn("decode", "Writing, one user", "decode_tps", "FLOAT", "tokens/s", can_be_unknown=True),
    TableColumn(
        "total",
        "Writing, all users",
        "decode_tps::DOUBLE * concurrency",
        "DOUBLE",
        "tokens/s",
        can_be_unknown=True,
    ),
    TableColumn("prefill", "Reading the prompt", "prefill_tps", "FLOAT", "tokens/s", can_be_unknown=True),
    TableColumn("ttft", "Time to the first token", "ttft_ms", "FLOAT", "ms", can_be_unknown=True),
)
COLUMNS: Mapping[str, TableColumn] = {column.key: column for column in TABLE}

_LISTS: Mapping[str, Callable[[Entries], Sequence[Any]]] = {
    "machine": lambda entries: entries.machines,
    "model": lambda entries: entries.models,
    "format": lambda entries: entries.formats,
    "kv_format": lambda entries: entries.kv_formats,
    "runtime": lambda entries: entries.runtimes,
}
_TYPES = {PLACE: "BIGINT", "devices_price_usd": "DOUBLE", "n_parameters": "DOUBLE"}


def entry_values(kind: str, figure: str, entries: Entries) -> list[Any]:
    """A figure of every entry of a kind, ``None`` where it is not known; ``PLACE``: their places by name."""
    listed = _LISTS[kind](entries)
    if figure != PLACE:
        return [getattr(entry, figure) for entry in listed]
    order = sorted(range(len(listed)), key=lambda number: (listed[number].name.casefold(), number))
    places = [0] * len(listed)
    for place, number in enumerate(order):
        places[number] = place
    return places


def entry_join(column: TableColumn, entries: Entries) -> tuple[str, dict[str, list[Any]]]:
    """SQL that joins the column's figure of its kind of entry to the stored rows, and its parameters."""
    if not column.entry:
        return "", {}
    kind, name = column.entry, column.figure_name
    values = f"unnest(${name}::{_TYPES[column.figure]}[]) AS {name}"
    parameters = {name: entry_values(kind, column.figure, entries)}
    numbers = f"unnest(range({len(parameters[name])}))::USMALLINT AS {kind}_number"
    return f" JOIN (SELECT {numbers}, {values}) ON {kind} = {kind}_number", parameters


def sql_without_join(column: TableColumn, entries: Entries) -> tuple[str, dict[str, list[Any]]]:
    """What the column is sorted by, as SQL that looks the entry's figure up itself: slower, but without a join."""
    if not column.entry:
        return column.sql, {}
    name = column.figure_name
    looked_up = f"list_extract(${name}::{_TYPES[column.figure]}[], {column.entry} + 1)"
    return column.sql.replace(name, looked_up), {name: entry_values(column.entry, column.figure, entries)}
