"""Plans of a sweep as lines of a table: what is planned, whether it fits, how fast it is, what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from planner import figures
from planner.engine.verdict import VERDICTS
from planner.sweeps.grid.entries import Entries
from planner.sweeps.models import Sweep
from planner.sweeps.views.asking import plan_query


class Interval(NamedTuple):
    """A figure with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One plan as pages show it; a speed is ``None`` where it is not known."""

    plan: int
    machine: str
    model: str
    parameters: str
    format: str
    bits: str
    kv_format: str
    runtime: str
    context_tokens: int
    concurrency: int
    verdict: str
    need_bytes: float
    limit_bytes: float
    host_need_bytes: float
    decode: Interval | None
    prefill: Interval | None
    ttft_ms: Interval | None
    price: str  # "" where no source states it
    query: str  # of the form; "" where it cannot ask this

    @property
    def spare_bytes(self) -> float:
        """What the devices have left; less than nothing where something is missing."""
        return self.limit_bytes - self.need_bytes


def plan_line(sweep: Sweep, entries: Entries, stored: Mapping[str, Any]) -> PlanLine:
    """A stored plan as a line."""
    machine, model = entries.machines[stored["machine"]], entries.models[stored["model"]]
    return PlanLine(
        plan=stored["plan"],
        machine=machine.name,
        model=model.name,
        parameters=f"{figures.billions(model.n_parameters)}{figures.NBSP}B",
        format=entries.formats[stored["format"]].name,
        bits=bits_of(stored["weights_bytes"], model.n_parameters),
        kv_format=entries.kv_formats[stored["kv_format"]].name,
        runtime=entries.runtimes[stored["runtime"]].name,
        context_tokens=stored["context_tokens"],
        concurrency=stored["concurrency"],
        verdict=VERDICTS[stored["verdict"]],
        need_bytes=stored["need_bytes"],
        limit_bytes=stored["limit_bytes"],
        host_need_bytes=stored["host_need_bytes"],
        decode=_interval(stored, "decode_tps"),
        prefill=_interval(stored, "prefill_tps"),
        ttft_ms=_interval(stored, "ttft_ms"),
        price=usd(machine.devices_price_usd),
        query=plan_query(sweep, stored["plan"]),
    )


def _interval(stored: Mapping[str, Any], name: str) -> Interval | None:
    values = [stored.get(f"{name}{end}") for end in ("", "_low", "_high")]
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    return Interval(*known) if len(known) == 3 else None


def bits_of(weights_bytes: float, n_parameters: float) -> str:
    """Bits per weight of a plan; "unknown" where its weights are."""
    bits = 8 * weights_bytes / n_parameters
    return figures.bits(bits) if math.isfinite(bits) else figures.UNKNOWN


def usd(price: float | None) -> str:
    """A price as "$1,599"; "" where none is known."""
    return "" if price is None else f"${price:,.0f}"
