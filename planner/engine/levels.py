"""Calibration levels: which groups of plans share an effect on each coefficient, coarse to fine.

A coefficient of a plan is ``exp(sum of the effects of the levels it belongs to)``. A level is a tuple of fields;
its key joins their values with ``|``. A field that starts with ``*`` is a measured figure (a logarithm): the level's
effect is then a slope, multiplied by it. Each level uses fields of the runtime and of at most one other axis, so that
its effects are gathered from a small table over two axes. Levels without data add nothing: the plan takes its
parents' value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import overload

import numpy as np

from planner.engine.kv import KV_RULES, SERVER_RULES
from planner.engine.tables import Floats, FormatTable, MachineTable, ModelTable, RuntimeTable

Level = tuple[str, ...]
Values = Mapping[str, str | float]

AXIS_OF_FIELD: Mapping[str, str] = {
    "vendor": "machine",
    "kind": "machine",
    "architecture": "machine",
    "device": "machine",
    "form_factor": "machine",
    "peak_basis": "machine",
    "*bandwidth": "machine",
    "*matrix": "machine",
    "format": "format",
    "*bits": "format",
    "model": "model",
    "*width": "model",
    "speed_family": "format",
    "model_kind": "model",
    "runtime": "runtime",
    "backend": "runtime",
}

# backends on processors whose matrix rate the catalog's FP16 and FP32 figures do not describe
NO_PUBLISHED_PEAK = frozenset({"CPU", "NPU"})

# what the matrix units of a server's kernels multiply, by family of formats; others 16-bit numbers. MXFP4 weights meet
# 8-bit activations where there are units for that, which have units for FP4 as well (Blackwell), else 16-bit ones.
FP8_FAMILY, FP4_FAMILY, MIXED_FAMILY = "fp8", "nvfp4", "mxfp4"

# where slopes are zero: near the middle of the devices and formats that people run
REFERENCE_BANDWIDTH = 400e9
REFERENCE_BITS = 4.85
REFERENCE_WIDTH = 4096

_SHARED: tuple[Level, ...] = (
    (),
    ("backend",),
    ("backend", "vendor"),
    ("backend", "kind"),
    ("backend", "architecture"),
    ("backend", "device"),
    ("runtime", "backend"),
    ("runtime", "backend", "device"),
    ("backend", "speed_family"),
    ("runtime", "speed_family"),
    ("backend", "model_kind"),
    ("runtime", "model_kind"),
)

LEVELS: Mapping[str, tuple[Level, ...]] = {
    # time per byte of weights over the time at full bandwidth (1 / eta_w)
    "weights": (
        *_SHARED,
        ("backend", "form_factor"),
        ("*bandwidth",),
        ("backend", "*bandwidth"),
        ("backend", "*bits"),
    ),
    # additional factor on routed experts' bytes
    "experts": ((), ("backend",), ("backend", "vendor"), ("runtime", "backend"), ("backend", "speed_family")),
    # time per byte of KV cache over the time at full bandwidth (1 / eta_kv)
    "kv": (
        (),
        ("backend",),
        ("backend", "vendor"),
        ("backend", "kind"),
        ("backend", "architecture"),
        ("runtime", "backend"),
        ("backend", "model_kind"),
    ),
    # seconds per layer and decode step
    "layer": (
        (),
        ("backend",),
        ("backend", "vendor"),
        ("backend", "architecture"),
        ("runtime", "backend"),
        ("backend", "model_kind"),
    ),
    # seconds per decode step: sampling, launching
    "step": ((), ("backend",), ("backend", "kind"), ("runtime", "backend")),
    # seconds per layer and pass over the prompt
    "prefill_pass": (
        (),
        ("backend",),
        ("backend", "kind"),
        ("runtime", "backend"),
        ("backend", "model_kind"),
    ),
    # time per FLOP of prefill over the time at peak (1 / eta_c)
    "prefill": (
        *_SHARED,
        ("peak_basis",),
        ("peak_basis", "backend"),
        ("peak_basis", "vendor"),
        ("*matrix",),
        ("backend", "*matrix"),
        ("runtime", "backend", "*matrix"),
        ("backend", "form_factor"),
        ("*width",),
        ("backend", "*width"),
    ),
    # tokens that an expert computes beside its own
    "expert_pad": ((), ("backend",), ("backend", "vendor"), ("runtime", "backend")),
    # time per FLOP as above, for attention over the prompt
    "prefill_attention": (
        (),
        ("backend",),
        ("backend", "vendor"),
        ("backend", "kind"),
        ("backend", "architecture"),
        ("runtime", "backend"),
        ("peak_basis",),
        ("peak_basis", "backend"),
        ("backend", "*matrix"),
    ),
    # seconds before the first token beside prefill itself
    "first_token": ((), ("backend",), ("runtime", "backend"), ("backend", "kind")),
    # seconds that each further sequence adds to a step
    "sequence": ((), ("backend",), ("runtime", "backend")),
    # time of all-reduces over that of their measured latency and rate
    "comm": ((), ("backend", "vendor"), ("runtime", "backend")),
    # time that the prompts of others add to a step over that of reading them alone
    "mix": ((), ("runtime", "backend")),
    # prompts of others that are read first, for each other sequence
    "queue": ((), ("runtime", "backend")),
}


class FieldRows(Sequence[Values]):
    """Field values of the rows of one table, made when a row is first asked for: a plan uses few of them."""

    def __init__(self, n_rows: int, values_of: Callable[[int], Values]) -> None:
        self._values_of = values_of
        self._made: list[Values | None] = [None] * n_rows

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, row: int) -> Values: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Values]: ...
    def __getitem__(self, row: int | slice) -> Values | Sequence[Values]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        made = self._made[row]
        if made is None:
            made = self._made[row] = self._values_of(row)
        return made


@dataclass(frozen=True, slots=True)
class LevelKeys:
    """Values of every field for every row of the tables, for building keys."""

    machine: Sequence[Values]
    model: Sequence[Values]
    format: Sequence[Values]
    runtime: Sequence[Values]

    def rows(self, axis: str) -> Sequence[Values]:
        """Field values of every row of one axis."""
        rows: Sequence[Values] = getattr(self, axis)
        return rows


def level_keys(
    machines: MachineTable, models: ModelTable, formats: FormatTable, runtimes: RuntimeTable
) -> LevelKeys:
    """The field values of all rows of the four tables that calibration levels refer to."""

    def machine(i: int) -> Values:
        return {
            "vendor": machines.vendor[i],
            "kind": machines.kind[i],
            "architecture": machines.architecture[i],
            "device": machines.device[i],
            "form_factor": machines.form_factor[i],
            "peak_basis": peak_basis(machines, i),
            "server_basis": "tensor"
            if np.isfinite(machines.fp16_flops_per_s[i])
            else peak_basis(machines, i),
            "*bandwidth": _log_ratio(machines.bandwidth_bytes_per_s[i], REFERENCE_BANDWIDTH),
            "*matrix": _log_ratio(machines.matrix_flops_per_s[i], machines.fp32_flops_per_s[i]),
        }

    def model(i: int) -> Values:
        architecture = models.architecture[i]
        return {
            "model": models.slug[i],
            "model_kind": model_kind(architecture),
            "*width": _log_ratio(getattr(architecture, "hidden_size", 0), REFERENCE_WIDTH),
        }

    def weight_format(i: int) -> Values:
        return {
            "format": formats.slug[i],
            "speed_family": formats.speed_family[i],
            "*bits": _log_ratio(formats.bits_per_weight[i], REFERENCE_BITS),
        }

    def runtime(i: int) -> Values:
        serves = KV_RULES[runtimes.kv_rule[i]] in SERVER_RULES
        return {"runtime": runtimes.slug[i], "backend": runtimes.backend[i], "serves": str(serves)}

    return LevelKeys(
        machine=FieldRows(len(machines), machine),
        model=FieldRows(len(models), model),
        format=FieldRows(len(formats), weight_format),
        runtime=FieldRows(len(runtimes), runtime),
    )


def _log_ratio(figure: float, reference: float) -> float:
    """Logarithm of a figure over a reference; 0 where either is not known."""
    return float(np.log(figure / reference)) if figure > 0 and reference > 0 else 0.0


def peak_basis(machines: MachineTable, row: int) -> str:
    """Which published figure prefill is measured against: vector FP32, else dense FP16, else memory bandwidth.

    FP32 goes with the number of units and their clock on every vendor's chips; what matrix units add to it is the
    figure ``*matrix``.
    """
    if np.isfinite(machines.fp32_flops_per_s[row]):
        return "fp32"
    if np.isfinite(machines.fp16_flops_per_s[row]):
        return "fp16"
    return "bandwidth"


def model_kind(architecture: object) -> str:
    """The kind of architecture whose kernels behave alike: attention kind, and ``moe`` for routed experts."""
    attention = "mla" if getattr(architecture, "has_mla", False) else "gqa"
    if getattr(architecture, "has_recurrent", False):
        attention = "hybrid"
    elif getattr(architecture, "has_sliding", False):
        attention = "sliding"
    return f"{attention}-moe" if getattr(architecture, "is_moe", False) else attention


def merged(runtime: Values, *rows: Values) -> dict[str, str | float]:
    """Field values of a plan from its rows'. Published compute figures are of the GPU, not of the CPU beside it."""
    values: dict[str, str | float] = dict(runtime)
    for row in rows:
        values.update(row)
    if "peak_basis" not in values:
        return values
    if values["backend"] in NO_PUBLISHED_PEAK:
        values["peak_basis"], values["*matrix"] = "bandwidth", 0.0
    elif values.get("serves") == "True":
        values["peak_basis"], values["*matrix"] = values["server_basis"], 0.0
    return values


@cache
def axis_of(level: Level) -> str:
    """The one axis beside the runtime that a level depends on ("runtime" when there is none)."""
    axes = {AXIS_OF_FIELD[field] for field in level} - {"runtime"}
    if len(axes) > 1:
        raise ValueError(f"level {level} spans {sorted(axes)}: its effects would need a table over both")
    return axes.pop() if axes else "runtime"


def key_of(level: Level, values: Values) -> str:
    """Key of a level for one plan's field values."""
    return "|".join(str(values[field]) for field in level if not field.startswith("*"))


def share_of(level: Level, values: Values) -> float:
    """What a level's effect is multiplied by: the product of its figures, 1 where it has none."""
    share = 1.0
    for field in level:
        if field.startswith("*"):
            share *= float(values[field])
    return share


def keys_and_shares(level: Level, rows: Sequence[Values]) -> tuple[list[str], Floats]:
    """``key_of`` and ``share_of`` of many plans: [n] each."""
    columns = [[str(values[field]) for values in rows] for field in level if not field.startswith("*")]
    keys = list(map("|".join, zip(*columns, strict=True))) if columns else [""] * len(rows)
    shares = np.ones(len(rows))
    for field in level:
        if field.startswith("*"):
            shares *= np.array([float(values[field]) for values in rows])
    return keys, shares
