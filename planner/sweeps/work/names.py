"""What this worker and its processes are called."""

from __future__ import annotations

import os
import secrets
import socket

# Processes of a worker's pool inherit it, however they are started.
_WORKER = "_SIZEWISE_WORKER"


def become_worker() -> None:
    """Give this process, a worker's main one, its name: containers may share a host's name, and ids of processes."""
    os.environ[_WORKER] = f"{socket.gethostname()}:{os.getpid()}-{secrets.token_hex(2)}"


def worker_name() -> str:
    """The worker that this process is or belongs to."""
    return os.environ.get(_WORKER) or f"{socket.gethostname()}:{os.getpid()}"


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
    host = process_of(holder).rpartition(":")[0]
    return f"{host}, process {process_id(holder)}"
