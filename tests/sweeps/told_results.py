"""Results told plan by plan: machines, models and plans with the figures that a test is about."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from planner.duck import connect
from planner.sweeps.grid.entries import (
    Entries,
    FormatEntry,
    KvFormatEntry,
    MachineEntry,
    ModelEntry,
    RuntimeEntry,
)
from planner.sweeps.results.closing import write_summary
from planner.sweeps.results.reading import Reader
from planner.sweeps.results.writing import write_chunk
from planner.sweeps.rows import DTYPES, STORED

FITS, TIGHT, OFFLOAD, NO, UNKNOWN = range(5)
NAN = float("nan")
BITS = {"2 bits": 2.0, "4 bits": 4.5, "8 bits": 8.5, "16 bits": 16.0}
FORMATS = tuple(BITS)
_states = itertools.count()


def machine(name: str, price: float | None = None, memory: float = 24.0, **figures: Any) -> MachineEntry:
    """A machine of the sweep."""
    told: dict[str, Any] = {
        "slug": name.casefold().replace(" ", "-"),
        "kind": "machine",
        "name": name,
        "device": name.casefold(),
        "count": 1,
        "device_count": 1,
        "memory_gb": memory,
        "host_memory_gb": 0.0,
        "operating_system": "Linux",
        "category": "desktop",
        "vendor": "Vendor",
        "devices_price_usd": price,
        "devices_tdp_w": None,
    }
    return MachineEntry(**(told | figures))


def model(name: str, billions: float) -> ModelEntry:
    """A model of so many billion parameters."""
    slug = name.casefold().replace(" ", "-")
    return ModelEntry(slug, name, "family", "Vendor", billions * 1e9, billions * 1e9, 131_072)


def entries_of(machines: Sequence[MachineEntry], models: Sequence[ModelEntry]) -> Entries:
    """The sweep's lists; its formats are those of BITS."""
    return Entries(
        machines=tuple(machines),
        models=tuple(models),
        formats=tuple(FormatEntry(name[:-5], name, "family", bits) for name, bits in BITS.items()),
        kv_formats=(KvFormatEntry("f16", "F16"),),
        runtimes=(RuntimeEntry("one", "CUDA", "One (CUDA)"), RuntimeEntry("two", "Metal", "Two (Metal)")),
    )


def columns_of(entries: Entries, plans: Sequence[Mapping[str, Any]], first: int = 0) -> dict[str, np.ndarray]:
    """Plans as stored columns; what is not told of one is usual."""
    found: dict[str, list[Any]] = {column.name: [] for column in STORED}
    for number, told in enumerate(plans, start=first):
        speed = told.get("decode_tps", 20.0 if told.get("verdict", FITS) <= OFFLOAD else NAN)
        place = FORMATS.index(told.get("format", "4 bits"))
        plan: dict[str, Any] = {
            "plan": number,
            "machine": 0,
            "model": 0,
            "kv_format": 0,
            "runtime": 0,
            "context_tokens": 8192,
            "concurrency": 1,
            "verdict": FITS,
            "kv_bytes": 1e9,
            "buffers_bytes": 1e9,
            "overhead_bytes": 1e9,
            "need_bytes": 10e9,
            "need_high_bytes": 11e9,
            "limit_bytes": 20e9,
            "host_need_bytes": 0.0,
            **{f"prefill_tps{end}": 100.0 for end in ("", "_low", "_high")},
            **{f"ttft_ms{end}": 500.0 for end in ("", "_low", "_high")},
            **told,
            "format": place,
            "decode_tps": speed,
            "decode_tps_low": speed / 2,
            "decode_tps_high": speed * 2,
        }
        parameters = entries.models[plan["model"]].n_parameters
        plan["weights_bytes"] = BITS[FORMATS[place]] / 8 * parameters
        for name in found:
            found[name].append(plan[name])
    return {column.name: np.array(found[column.name], dtype=DTYPES[column.sql_type]) for column in STORED}


@dataclass(frozen=True, slots=True)
class ToldFiles:
    """Files of a result, as ``reading.Files``."""

    entries: Entries
    rows: tuple[Path, ...]
    cells: tuple[Path, ...]
    summary: Path | None
    state: object


def told(
    folder: Path,
    machines: Sequence[MachineEntry],
    models: Sequence[ModelEntry],
    *chunks: Sequence[Mapping[str, Any]],
    keep: str = "running",
    is_done: bool = True,
) -> Reader:
    """The result of these chunks of plans; without a summary while it is not done."""
    entries = entries_of(machines, models)
    folder.mkdir(parents=True, exist_ok=True)
    rows, cells, first = [], [], 0
    with connect() as connection:
        for number, plans in enumerate(chunks):
            rows.append(folder / f"rows-{number}.parquet")
            cells.append(folder / f"cells-{number}.parquet")
            columns = columns_of(entries, plans, first)
            write_chunk(connection, columns, keep, entries, rows[-1], cells[-1])
            first += len(plans)
        summary = folder / "summary.parquet" if is_done else None
        if summary:
            write_summary(connection, cells, summary)
    return Reader(ToldFiles(entries, tuple(rows), tuple(cells), summary, next(_states)))
