"""What is kept of a plan: the question, the answer as the page draws it, and what programs ask beyond that."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ConfigDict, TypeAdapter

from planner.plans.answer import Answer
from planner.plans.questions import Question

# Of what is kept here; with other fields, the same question is another plan.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Named:
    """An entry that the plan was made of."""

    kind: str  # "device" | "machine" | "own" | "model" | "format" | "runtime" | "kv_format"
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class PlaceMemory:
    """The memory of one place: a device (the fullest of them where they are several), or the host."""

    role: str  # "device" | "host"
    count: int
    need_bytes: float
    limit_bytes: float | None  # what a process may use
    capacity_bytes: float | None  # physical; None: not stated
    parts: Mapping[str, float]  # bytes by the key of the part


@dataclass(frozen=True, slots=True)
class SourceOf:
    """A source, and which entry it is cited for."""

    of: str
    citation: str
    url: str
    licence: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Details:
    """What the page does not show."""

    entries: Mapping[str, Named]  # by "machine", "device", "host", "model", "format", "kv_format", "runtime"
    backend: str
    bits_per_weight: float
    places: tuple[PlaceMemory, ...]
    inputs: Mapping[str, float]  # figures that the speed's formulas take, units in the names
    coefficients: Mapping[str, float]  # of the calibration, for this plan
    formula_version: int
    sources: tuple[SourceOf, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A kept plan."""

    # every number survives, also one that is none
    __pydantic_config__ = ConfigDict(ser_json_inf_nan="constants")

    question: Question
    answer: Answer
    details: Details


_RECORD = TypeAdapter(Record)


def to_bytes(record: Record) -> bytes:
    """The record as the database keeps it."""
    return zlib.compress(_RECORD.dump_json(record), 1)


def of_bytes(stored: bytes) -> Record:
    """The record again, equal to what was written. Raises ``pydantic.ValidationError`` for another version's."""
    return _RECORD.validate_json(zlib.decompress(stored))
