"""How often a client has asked in the present minute, counted for all processes of this host together.

A small SQLite file of its own, without the main database's locks and syncs: losing it costs nobody anything.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
from pathlib import Path

logger = logging.getLogger(__name__)

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS used (client BLOB, scope TEXT, minute INTEGER, n INTEGER,"
    " PRIMARY KEY (client, scope)) WITHOUT ROWID"
)
_COUNT = (
    "INSERT INTO used VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
    " n = CASE WHEN minute = ?3 THEN n + ?4 ELSE ?4 END, minute = ?3 RETURNING n"
)
_FORGET = "DELETE FROM used WHERE minute < ?1"
FORGET_EVERY = 1000  # counts of one thread


class _Connection(sqlite3.Connection):
    """Closes itself with the thread that it belonged to."""

    def __del__(self) -> None:
        self.close()


class Counters:
    """Counts by client and scope in a file; open it once per process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = threading.local()

    def add(self, client: str, scope: str, minute: int, n: int) -> int:
        """Count ``n`` more in this minute, and return how many that makes; 0 where the file cannot be used."""
        try:
            connection = self._connection()
            name = hashlib.blake2b(client.encode(), digest_size=16).digest()
            total: int = connection.execute(_COUNT, (name, scope, minute, n)).fetchall()[0][0]
            self._held.calls += 1
            if self._held.calls % FORGET_EVERY == 0:
                connection.execute(_FORGET, (minute - 1,))
            return total
        except (sqlite3.Error, OSError):
            # better to answer a request too many than none
            logger.warning("requests cannot be counted in %s", self.path, exc_info=True)
            return 0

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection; a process that was forked opens one of its own."""
        held = self._held
        if getattr(held, "process", None) != os.getpid():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path, timeout=1, isolation_level=None, check_same_thread=False, factory=_Connection
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(_SCHEMA)
            held.connection, held.process, held.calls = connection, os.getpid(), 0
        found: sqlite3.Connection = held.connection
        return found
