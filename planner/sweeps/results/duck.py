"""The process's one instance of DuckDB for reading results."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from planner.duck import connect

if TYPE_CHECKING:
    import duckdb

READING_THREADS = 2


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
