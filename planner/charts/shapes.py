"""What the charts need to know of what they draw, so that they depend on nobody's answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from planner.figures import Range


class Part(Protocol):
    """One part of the memory."""

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def bytes(self) -> float: ...


class Memory(Protocol):
    """What a plan needs of the memory and what there is."""

    @property
    def parts(self) -> Sequence[Part]: ...
    @property
    def need_bytes(self) -> float: ...
    @property
    def need_high_bytes(self) -> float: ...
    @property
    def limit_bytes(self) -> float: ...
    @property
    def capacity_bytes(self) -> float: ...
    @property
    def held_bytes(self) -> float: ...


class Point(Protocol):
    """Memory and speed at one length of the context."""

    @property
    def context_tokens(self) -> int: ...
    @property
    def memory_bytes(self) -> float: ...
    @property
    def decode_tps(self) -> Range | None: ...


class Contexts(Protocol):
    """Memory and speed over the lengths of the context."""

    @property
    def contexts(self) -> Sequence[Point]: ...
    @property
    def context_tokens(self) -> int: ...
    @property
    def limit_bytes(self) -> float: ...
    @property
    def max_context_tokens(self) -> int | None: ...
