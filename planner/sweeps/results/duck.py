"""Connections to DuckDB, which writes and reads the files of results. It holds nothing of its own."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# What a connection may take beside the arrays that it is given.
MEMORY_MB = 512
READING_THREADS = 2


def connect(threads: int = 1, memory_mb: int = MEMORY_MB) -> duckdb.DuckDBPyConnection:
    """A connection without a database: in memory, no extensions, nothing written beside what it is told to write.

    With one thread, rows keep their order and the same input gives the same bytes. One connection serves one
    thread of Python at a time. Raises ``duckdb.OutOfMemoryException`` in a query that needs more than ``memory_mb``.
    """
    import duckdb  # 150 ms, which commands that read no results need not wait for

    return duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,  # a name in SQL is never a variable of Python
            "preserve_insertion_order": True,
        },
    )


class _Reading:
    """The process's instance of DuckDB for reading: its threads, its memory and what it knows of files are shared."""

    lock = threading.Lock()
    process = 0
    instance: duckdb.DuckDBPyConnection
    of_thread = threading.local()


def reading() -> duckdb.DuckDBPyConnection:
    """This thread's connection for reading files of results, which never change once they are there."""
    with _Reading.lock:
        if _Reading.process != os.getpid():  # a process that was forked off has none of its own yet
            _Reading.instance = connect(threads=READING_THREADS)
            _Reading.instance.execute("SET parquet_metadata_cache = true")
            _Reading.process = os.getpid()
            _Reading.of_thread = threading.local()
        held = _Reading.of_thread
        if not hasattr(held, "connection"):
            held.connection = _Reading.instance.cursor()
        connection: duckdb.DuckDBPyConnection = held.connection
        return connection
