"""Why a chunk could not be computed, for the person who reads it: what happened, where, and what to do."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path

# With less than this, a disk counts as full when writing failed in words of a library.
LITTLE_BYTES = 64 * 2**20
MOST_CHARACTERS = 500

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = ("no space left", "disk quota", "file too large")
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_FORBIDDEN_WORDS = ("permission denied", "read-only file system", "operation not permitted")


def reason_of(error: Exception, folder: Path) -> str:
    """The reason in a sentence or two."""
    if isinstance(error, MemoryError):
        return f"{socket.gethostname()} ran out of memory. Give it more, or its worker fewer processes, then resume."
    if said := _of_disk(error, folder):
        return said
    text = " ".join(str(error).split())[:MOST_CHARACTERS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def no_room(folder: Path) -> str:
    """A disk that is full."""
    return f"The disk is full: nothing more can be written to {folder}. Free some of it, then resume."


def not_writable(folder: Path, why: str) -> str:
    """A folder that this user may not write to."""
    return f"{folder} cannot be written ({why}). Make it a folder that the worker may write to, then resume."


def folder_gone(folder: Path) -> str:
    """A folder that is not there."""
    return (
        f"The folder {folder} is missing on {socket.gethostname()}. RESULTS_DIR must be the same folder "
        "everywhere; if it was removed, resume makes it anew."
    )


def _of_disk(error: Exception, folder: Path) -> str:
    """The reason if it lies with the disk or the folder; else nothing."""
    number = error.errno if isinstance(error, OSError) else None
    text = str(error).lower()
    if number in _FULL or any(words in text for words in _FULL_WORDS):
        return no_room(folder)
    if not os.path.lexists(folder):
        return folder_gone(folder)
    if not folder.is_dir():
        return not_writable(folder, "it is a file")
    if number in _FORBIDDEN or any(words in text for words in _FORBIDDEN_WORDS):
        return not_writable(folder, os.strerror(number) if number else "permission denied")
    return no_room(folder) if _is_writing(error) and _is_full(folder) else ""


def _is_writing(error: Exception) -> bool:
    return isinstance(error, OSError) or type(error).__module__.startswith("_duckdb")


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < LITTLE_BYTES
    except OSError:
        return False
