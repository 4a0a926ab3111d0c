"""Connections to DuckDB, which writes, reads and exports results. It holds nothing of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# What a connection may take beside the arrays that it is given.
MEMORY_MB = 512


def connect(
    threads: int = 1, memory_mb: int = MEMORY_MB, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection without a database: in memory, no extensions, nothing written beside what it is told to write.

    With one thread, rows keep their order and the same input gives the same bytes. One connection serves one
    thread of Python at a time. What is too large for ``memory_mb`` is sorted in files in the folder ``spill``; without
    one, raises ``duckdb.OutOfMemoryException``.
    """
    import duckdb  # 150 ms, which commands that read no results need not wait for

    return duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": str(spill) if spill else "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,  # a name in SQL is never a variable of Python
            "preserve_insertion_order": True,
        },
    )
