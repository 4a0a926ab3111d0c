"""What this worker and its processes are called."""

from __future__ import annotations

import os
import socket


class _Here:
    # whether this process is one of a worker's pool: then the worker is its parent
    in_pool = False


def enter_pool() -> None:
    """Say that this process computes for its parent."""
    _Here.in_pool = True


def worker_name() -> str:
    """The worker: its host and the id of its main process."""
    return f"{socket.gethostname()}:{os.getppid() if _Here.in_pool else os.getpid()}"


def process_name() -> str:
    """This process of the worker."""
    return f"{worker_name()}/{os.getpid()}"


def process_of(holder: str) -> str:
    """The process of a lease's holder."""
    return holder.rpartition(" ")[0]


def process_id(holder: str) -> int:
    """The id, on its host, of the process of a lease's holder."""
    return int(process_of(holder).rpartition("/")[2])


def in_words(holder: str) -> str:
    """The process of a lease's holder for people: "host, process 4711"."""
    host, _, number = process_of(holder).rpartition(":")
    return f"{host}, process {number.rpartition('/')[2]}"
