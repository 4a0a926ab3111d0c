"""What a process may really use of a machine's memory, and what runtimes take of it beside a model.

The figures live in hardware_catalog/data/limits.json, each with its sources and its known range; this module
interpolates between the sizes seen. Arrays have shape [n_plans] or broadcast to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engine.units import GIB

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_RANGE = ("low", "central", "high")


class Range(NamedTuple):
    """Bytes: the known range and the figure to plan with."""

    low: Floats
    central: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class LimitRule:
    """One platform's rule: usable ``shares`` [n_points, 3] of memory at ``log_memory`` [n_points].

    ``reserve_bytes`` (low, central, high) is taken off on top: what the system itself uses.
    """

    platform: str
    label: str
    explanation: str
    log_memory: Floats
    shares: Floats
    reserve_bytes: tuple[float, float, float]
    sources: tuple[tuple[str, ...], ...]  # of each point

    def usable(self, memory_bytes: Floats) -> Floats:
        """Low, central and high usable bytes: [3, n]. Sizes beyond those seen take the nearest share."""
        position = np.log2(np.maximum(memory_bytes, 1.0))
        shares = np.stack([np.interp(position, self.log_memory, self.shares[:, i]) for i in range(3)])
        return np.asarray(np.maximum(shares * memory_bytes - np.array(self.reserve_bytes)[:, None], 0.0))

    def source(self, memory_bytes: float) -> str:
        """Address behind the nearest size seen; "" where the log names no address."""
        nearest = int(np.argmin(np.abs(self.log_memory - np.log2(max(memory_bytes, 1.0)))))
        return next((s for s in self.sources[nearest] if s.startswith("https://")), "")


@dataclass(frozen=True, slots=True)
class LimitTable:
    """The rules of all platforms; a plan's platform is an index into ``rules``."""

    rules: tuple[LimitRule, ...]

    @property
    def platforms(self) -> tuple[str, ...]:
        return tuple(rule.platform for rule in self.rules)

    def index(self, platform: str) -> int:
        """Raises ValueError for a platform without a rule."""
        return self.platforms.index(platform)


def limit_table(data: Mapping[str, Any]) -> LimitTable:
    """Reads the rules of limits.json; ValueError where a range is not ordered or a source is missing."""
    return LimitTable(tuple(_rule(entry) for entry in data["rules"]))


def _rule(entry: Mapping[str, Any]) -> LimitRule:
    if "host" in entry:
        host = entry["host"]
        # "low" is what is usable at least: the smallest share less the largest reserve
        shares, reserves = host["visible_share"], host["reserve_bytes"]
        memory = np.zeros(1)
        values = np.array([[shares[key] for key in _RANGE]])
        reserve = (float(reserves["low"]), float(reserves["central"]), float(reserves["high"]))
        sources: tuple[tuple[str, ...], ...] = (tuple(host["sources"]),)
    else:
        points = sorted(entry["points"], key=lambda point: float(point["memory_gb"]))
        sizes = np.array([float(point["memory_gb"]) * GIB for point in points])
        memory = np.log2(sizes)
        values = np.array([[point[f"{key}_bytes"] for key in _RANGE] for point in points]) / sizes[:, None]
        reserve = (0.0, 0.0, 0.0)
        sources = tuple(tuple(point["sources"]) for point in points)
    name = entry["platform"]
    if (np.diff(values, axis=1) < 0).any() or (values <= 0).any() or (values > 1).any():
        raise ValueError(f"{name}: shares must rise from low to high, above 0 and at most 1")
    if not all(sources):
        raise ValueError(f"{name}: every figure needs a source")
    return LimitRule(name, entry["label"], entry["explanation"], memory, values, reserve, sources)


def usable_bytes(table: LimitTable, platform: Ints, memory_bytes: Floats, device_count: Floats) -> Range:
    """Bytes that a process may use of ``device_count`` devices of ``memory_bytes`` each.

    Memory that other programs hold is not part of this: subtract it. ``nan`` memory gives ``nan``.
    """
    platforms, memory, count = np.broadcast_arrays(platform, memory_bytes, device_count)
    result = np.full((3, *memory.shape), np.nan)
    for index in np.unique(platforms):
        chosen = (platforms == index) & np.isfinite(memory)
        if chosen.any():
            result[:, chosen] = table.rules[index].usable(memory[chosen]) * count[chosen]
    return Range(result[0], result[1], result[2])


def platform_key(
    *,
    kind: str,
    vendor: str = "",
    operating_system: str = "",
    unified_memory: bool = False,
    raised: bool = False,
) -> str:
    """The rule for a catalog device: its kind, vendor and system ("" where the preset names none).

    ``raised``: the owner has raised the system's limit, where that can be done.
    """
    system, vendor = operating_system.lower(), vendor.lower()
    if kind in ("phone", "tablet"):
        return "ios" if vendor == "apple" or system in ("ios", "ipados") else "android"
    if vendor == "apple" or system == "macos":
        return "macos_raised" if raised else "macos"
    if unified_memory and vendor == "amd":
        return "unified_amd_raised" if raised else "unified_amd"
    if unified_memory and vendor == "nvidia":
        return "unified_nvidia"
    if kind == "computer":
        return "windows_host" if system == "windows" else "linux_host"
    if unified_memory:
        return "integrated"
    if vendor == "nvidia":
        return "nvidia_windows" if system == "windows" else "nvidia"
    return "amd" if vendor == "amd" else "gpu"


@dataclass(frozen=True, slots=True)
class OverheadTable:
    """What a process takes per device beside weights, cache and buffers, by backend. Shape [n_backends]."""

    backends: tuple[str, ...]
    labels: tuple[str, ...]
    bytes: Range
    sources: tuple[tuple[str, ...], ...]

    def take(self, backend: Ints) -> Range:
        """The overhead of these backends: [n_plans]."""
        return Range(*(values[backend] for values in self.bytes))


def overhead_table(data: Mapping[str, Any]) -> OverheadTable:
    """Reads the overheads of limits.json."""
    entries: Sequence[Mapping[str, Any]] = data["overheads"]
    columns = [np.array([float(entry[f"{key}_bytes"]) for entry in entries]) for key in _RANGE]
    return OverheadTable(
        backends=tuple(entry["backend"] for entry in entries),
        labels=tuple(entry["label"] for entry in entries),
        bytes=Range(*columns),
        sources=tuple(tuple(entry["sources"]) for entry in entries),
    )
