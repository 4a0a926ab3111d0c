"""What becomes of a measurement: the entries that its texts name, and one outcome with its reason.

Names are read as ``manage.py predict`` reads them (:mod:`hardware_catalog.names.runs`), so that a row is resolved here
exactly where it can be answered there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware_catalog.flags import judge
from hardware_catalog.measured import AMBIGUOUS, COMPOSITE, NOT_TRUSTED, RESOLVED
from hardware_catalog.names.index import NameIndex
from hardware_catalog.names.resolution import COMPOSITE as SEVERAL_PARTS
from hardware_catalog.names.resolution import NOT_STATED, Resolution
from hardware_catalog.names.runs import RunError, RunNames, device_doubts
from hardware_catalog.rows import CatalogRows, DeviceRow, ModelRow

Row = Mapping[str, str]

# A size in memory does not depend on the device's figures.
SIZE_METRICS = frozenset({"memory_bytes", "weights_bytes", "kv_bytes"})
HOST_SHARES = "the host's processor and the device worked on one model together"
PARTLY_ON_HOST = "part of the model ran in host memory"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The entries (slugs, "" where there is none), the outcome and its reason, and what the rules say."""

    device: str = ""
    language_model: str = ""
    weight_format: str = ""
    runtime: str = ""
    backend: str = ""
    outcome: str = RESOLVED
    reason: str = ""
    rule: str = ""  # of trust.py, which leaves the row out of the single-stream fit
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Named:
    """What the texts of one row name, and the first thing that stands in the way."""

    model: ModelRow | None = None
    device: DeviceRow | None = None
    resolution: Resolution | None = None
    format: str = ""
    runtime: str = ""
    backend: str = ""
    fault: RunError | None = None
    doubts: tuple[str, ...] = ()


class OutcomeReader:
    """Reads outcomes against one catalog."""

    def __init__(self, rows: CatalogRows, names: NameIndex | None = None) -> None:
        self._runs = RunNames(rows, names or NameIndex.build(rows))

    def read(self, row: Row) -> Outcome:
        """The outcome of one row, given by the columns of measurements.csv and, if any, those of ``predict``."""
        named = self._named(row)
        judgement = judge(row)
        outcome, reason = _outcome(row, named, judgement.composite, judgement.distrust)
        flags = dict(judgement.flags)
        if outcome == AMBIGUOUS:
            flags["ambiguous"] = reason
        elif named.doubts:
            flags["ambiguous"] = "; ".join(filter(None, (flags.get("ambiguous"), *named.doubts)))
        if outcome == COMPOSITE:
            flags.setdefault("offload", reason)
        return Outcome(
            device=named.device.slug if named.device else "",
            language_model=named.model.slug if named.model else "",
            weight_format=named.format,
            runtime=named.runtime,
            backend=named.backend,
            outcome=outcome,
            reason=reason,
            rule=judgement.set_aside.name if judgement.set_aside else "",
            flags=flags,
        )

    def _named(self, row: Row) -> _Named:
        """Everything that the texts name; the order is that in which ``predict`` reads them."""
        found = _Named()
        runtime_text, backend_text = row["runtime"], row["backend"]
        try:
            found.model = self._runs.model(row["model"])
            stored = self._runs.format(
                row["quant"],
                found.model,
                model_text=row["model"],
                runtime_text=runtime_text,
                weights_gib=_number(row["model_size_gib"]),
                cache_only=row["metric"] == "kv_bytes",
            )
            found.format, found.doubts = stored.slug, stored.doubts
            found.runtime = self._runs.runtime(runtime_text, backend_text, stored.slug)
        except RunError as fault:
            found.fault = fault
        try:
            self._read_device(row, found)
        except RunError as fault:
            found.fault = found.fault or fault
        return found

    def _read_device(self, row: Row, found: _Named) -> None:
        resolution = self._runs.resolve_device(
            row["device"],
            memory_gb=_number(row["device_mem_gb"]),
            bandwidth_gbs=_number(row["device_bw_gbs"]),
            backend_text=row["backend"],
            metric=row["metric"],
        )
        found.resolution = resolution
        if resolution.answerable or row["metric"] not in SIZE_METRICS:
            found.device = self._runs.device(resolution)
        machine = found.device or self._runs.stand_in(resolution, row["backend"])
        found.doubts += device_doubts(resolution)
        if found.runtime:
            found.backend = self._runs.backend(row["backend"], found.runtime, machine, resolution.processor)


def _outcome(row: Row, named: _Named, composite: str, distrust: str) -> tuple[str, str]:
    resolution = named.resolution
    if resolution is not None and resolution.status == SEVERAL_PARTS and not resolution.slug:
        return COMPOSITE, resolution.reason.rstrip(".")
    fault = named.fault
    if fault is not None:
        if fault.status == NOT_STATED:
            return NOT_TRUSTED, f"the source names no {'model' if named.model is None else 'device'}"
        return fault.status, fault.reason
    composite = composite or _shares_host(row, named)
    if composite:
        return COMPOSITE, composite
    if distrust:
        return NOT_TRUSTED, distrust
    return RESOLVED, ""


def _shares_host(row: Row, named: _Named) -> str:
    """Why the host took part in the work, where the backend or the settings say so; else ""."""
    if re.search(r"CPU ?\+|\+ ?CPU", f"{row['backend']} {named.backend}".upper()):
        return HOST_SHARES
    on_device = _number(row.get("n_gpu_layers", ""))
    layers = named.model.config.get("num_hidden_layers") if named.model else None
    fewer = on_device is not None and isinstance(layers, int) and on_device < layers
    return PARTLY_ON_HOST if fewer or _number(row.get("n_cpu_moe", "")) else ""


def _number(text: str) -> float | None:
    return float(text) if text else None
