"""The real files of tests/contributions/data."""

from __future__ import annotations

from pathlib import Path

from planner.contributions.parsers import Reading, read

DATA = Path(__file__).resolve().parent / "data"


def sample(name: str) -> bytes:
    """The bytes of one file."""
    return (DATA / name).read_bytes()


def read_sample(name: str) -> Reading:
    """One file, read."""
    return read(sample(name))
