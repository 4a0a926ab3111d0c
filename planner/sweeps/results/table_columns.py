"""The columns of the table of plans, with what each is sorted by; the entries' names and figures as tables of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.sweeps.grid.entries import Entries


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column by which the table can be sorted.

    ``sql``: what it is sorted by, of the stored columns and the ``figure`` of a kind of ``entry`` (see ``entry_join``).
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
    def is_number(self) -> bool:
        """Not a name."""
        return self.figure != "place"

    @property
    def is_figure(self) -> bool:
        """Not a whole number."""
        return self.sql_type in ("FLOAT", "DOUBLE")


def _name(key: str, heading: str) -> TableColumn:
    """The column of an entry's name, whose alphabetical place it is sorted by."""
    return TableColumn(key, heading, f"{key}_place", "BIGINT", entry=key, figure="place")


# In the order of the page. "-key" sorts downwards.
TABLE: tuple[TableColumn, ...] = (
    _name("machine", "Machine"),
    TableColumn(
        "price", "Price", "machine_price_usd", "DOUBLE", "$", "machine", "price_usd", can_be_unknown=True
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
# What SQL can know of entries, beside their number: name, type, and how it is found.
_FIGURES: Mapping[str, Mapping[str, str]] = {
    "machine": {
        "name": "VARCHAR",
        "slug": "VARCHAR",
        "kind": "VARCHAR",
        "count": "BIGINT",
        "device_count": "BIGINT",
        "memory_gb": "DOUBLE",
        "host_memory_gb": "DOUBLE",
        "price_usd": "DOUBLE",
    },
    "model": {"name": "VARCHAR", "slug": "VARCHAR", "n_parameters": "DOUBLE"},
    "format": {"name": "VARCHAR", "slug": "VARCHAR"},
    "kv_format": {"name": "VARCHAR", "slug": "VARCHAR"},
    "runtime": {"name": "VARCHAR", "slug": "VARCHAR", "backend": "VARCHAR"},
}
_OTHERWISE_CALLED = {"price_usd": "devices_price_usd"}


def entry_join(kind: str, figures: Sequence[str], entries: Entries) -> tuple[str, dict[str, list[Any]]]:
    """SQL that joins figures of a kind of entry to the stored rows, as ``kind_figure``, and its parameters.

    The figure "place" is the entry's place by name.
    """
    listed = _LISTS[kind](entries)
    parts, parameters = [], {}
    for figure in figures:
        sql_type = "BIGINT" if figure == "place" else _FIGURES[kind][figure]
        parts.append(f"unnest(${kind}_{figure}::{sql_type}[]) AS {kind}_{figure}")
        if figure == "place":
            parameters[f"{kind}_{figure}"] = _places_by_name(listed)
        else:
            attribute = _OTHERWISE_CALLED.get(figure, figure)
            parameters[f"{kind}_{figure}"] = [getattr(entry, attribute) for entry in listed]
    numbers = f"unnest(range({len(listed)}))::USMALLINT AS {kind}_number"
    table = f"(SELECT {numbers}, {', '.join(parts)})"
    return f" JOIN {table} ON {kind} = {kind}_number", parameters


def _places_by_name(listed: Sequence[Any]) -> list[int]:
    order = sorted(range(len(listed)), key=lambda number: (listed[number].name.casefold(), number))
    places = [0] * len(listed)
    for place, number in enumerate(order):
        places[number] = place
    return places
