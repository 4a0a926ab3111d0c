"""Made-up results: entries, plans and files of them, small enough to judge by plain loops."""

from __future__ import annotations

from collections.abc import Sequence
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
from planner.sweeps.results.writing import write_chunk
from planner.sweeps.rows import DTYPES, STORED

Columns = dict[str, np.ndarray]
NAN = float("nan")


def entries(n_machines: int = 7, n_models: int = 4) -> Entries:
    """Machines with few different prices, every third of them unknown; names that do not sort as they are numbered."""
    return Entries(
        machines=tuple(
            MachineEntry(
                slug=f"machine-{i // 2}",
                kind="device",
                name=f"{'ZYXWVUTSRQ'[i % 10]} machine {i}",
                device=f"device-{i}",
                count=1 + i % 2,
                device_count=1 + i % 2,
                memory_gb=24.0,
                host_memory_gb=0.0,
                operating_system="",
                category="gpu",
                vendor="Vendor",
                devices_price_usd=None if i % 3 == 0 else 500.0 * (i % 4),
                devices_tdp_w=None,
            )
            for i in range(n_machines)
        ),
        models=tuple(
            ModelEntry(
                f"model-{i}", f"{'DBCA'[i % 4]} model {i}", "family", "Vendor", 1e9 * (i + 1), 1e9, 131_072
            )
            for i in range(n_models)
        ),
        formats=tuple(FormatEntry(f"f{i}", f"Format {i}", "family", 2.0 + i) for i in range(3)),
        kv_formats=(KvFormatEntry("f16", "F16"), KvFormatEntry("q8_0", "Q8_0")),
        runtimes=(RuntimeEntry("one", "CUDA", "One (CUDA)"), RuntimeEntry("two", "Metal", "Two (Metal)")),
    )


def plans(known: Entries, n: int, seed: int = 1, start: int = 0) -> Columns:
    """``n`` plans with many equal figures, and some that are not known."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {column.name: rng.integers(1, 5, n) * 1e9 for column in STORED}
    found["plan"] = np.arange(start, start + n)
    for name, listed in (
        ("machine", known.machines),
        ("model", known.models),
        ("format", known.formats),
        ("kv_format", known.kv_formats),
        ("runtime", known.runtimes),
    ):
        found[name] = rng.integers(0, len(listed), n)
    found["context_tokens"] = rng.choice([4096, 131_072], n)
    found["concurrency"] = rng.choice([1, 8], n)
    found["verdict"] = rng.choice(5, n, p=[0.5, 0.1, 0.1, 0.2, 0.1])
    runs = found["verdict"] <= 2
    for name in ("decode_tps", "prefill_tps", "ttft_ms"):
        middle = np.where(runs & (rng.random(n) < 0.9), rng.integers(1, 9, n) / 3, NAN)
        found |= {name: middle, f"{name}_low": middle / 2, f"{name}_high": middle * 2}
    found["need_bytes"] = np.where(found["verdict"] == 4, NAN, found["need_bytes"])
    return {column.name: found[column.name].astype(DTYPES[column.sql_type]) for column in STORED}


def part(columns: Columns, start: int, stop: int) -> Columns:
    """Some neighbouring plans."""
    return {name: column[start:stop] for name, column in columns.items()}


def write_parts(
    columns: Columns, cuts: Sequence[int], keep: str, known: Entries, folder: Path
) -> tuple[list[Path], list[Path]]:
    """Plans written in chunks that begin at the cuts: paths of their rows and cells."""
    rows, cells = [], []
    folder.mkdir(parents=True, exist_ok=True)
    with connect() as connection:
        for i, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(columns["plan"])], strict=True)):
            rows.append(folder / f"rows-{i}.parquet")
            cells.append(folder / f"cells-{i}.parquet")
            write_chunk(connection, part(columns, start, stop), keep, known, rows[-1], cells[-1])
    return rows, cells


def read(*paths: Path) -> list[dict[str, Any]]:
    """All rows of files, with None for what is not known."""
    with connect() as connection:
        found = connection.execute("FROM read_parquet($files)", {"files": [str(path) for path in paths]})
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def as_dicts(columns: Columns) -> list[dict[str, Any]]:
    """Plans as ``read`` finds them."""
    lists = {name: column.tolist() for name, column in columns.items()}
    rows = (dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True))
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]
