"""Plans of a sweep's result as JSON: the stored figures with the names of what they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.api.catalog.serializers import significant
from planner.engine.verdict import VERDICTS
from planner.sweeps.grid.entries import Entries
from planner.sweeps.rows import STORED

_BYTES = tuple(column.name for column in STORED if column.name.endswith("_bytes"))
_SPEEDS = tuple(column.name for column in STORED if column.sql_type == "FLOAT")


def row_of(entries: Entries, stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored plan by the names of its entries; ``None`` for what is not known."""
    machine, model = entries.machines[stored["machine"]], entries.models[stored["model"]]
    weight_format, runtime = entries.formats[stored["format"]], entries.runtimes[stored["runtime"]]
    weights = stored["weights_bytes"]
    return {
        "plan": stored["plan"],
        "machine": {"slug": machine.slug, "kind": machine.kind, "name": machine.name},
        "device": machine.device,
        "device_count": machine.device_count,
        "memory_gb": machine.memory_gb,
        "devices_price_usd": machine.devices_price_usd,
        "model": {"slug": model.slug, "name": model.name},
        "format": {"slug": weight_format.slug, "name": weight_format.name},
        "bits_per_weight": None if weights is None else significant(8 * weights / model.n_parameters),
        "kv_format": entries.kv_formats[stored["kv_format"]].slug,
        "runtime": {"slug": runtime.slug, "backend": runtime.backend},
        "context_tokens": stored["context_tokens"],
        "concurrency": stored["concurrency"],
        "verdict": VERDICTS[stored["verdict"]],
        **{name: _whole(stored[name]) for name in _BYTES},
        **{name: _speed(stored[name]) for name in _SPEEDS},
    }


def _whole(value: float | None) -> int | None:
    return None if value is None or significant(value) is None else round(value)


def _speed(value: float | None) -> float | None:
    return None if value is None else significant(value)
