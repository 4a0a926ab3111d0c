"""A published case as a plan: names resolved, figures read, and a reason wherever that is not possible.

A case is one row of the project's CSV (the columns of ``manage.py predict``, or of the shipped measurements).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hardware_catalog.names.index import NameIndex
from hardware_catalog.names.resolution import NOT_STATED, Resolution
from hardware_catalog.names.runs import RunError, RunNames, TakenFormat, device_doubts, taken
from hardware_catalog.published_sizes import shipped_ollama_sizes
from hardware_catalog.rows import CatalogRows, DeviceRow, ModelRow
from hardware_catalog.tables import MachineSpec, device_platform
from planner.calibration.case_fields import (
    DEFAULT_PROMPT_TOKENS,
    INVALID,
    MEMORY_METRICS,
    CaseError,
    number,
    whole,
)
from planner.engine.builds import LlamaBuild, llama_build
from planner.engine.kv import MLA_FULL, MLA_LATENT, MLA_LATENT_TWICE, SERVER_RULES
from planner.engine.units import GIB


@dataclass(frozen=True, slots=True)
class Case:
    """One resolved case. ``nan`` and 0 mean "by rule" where the workload table says so."""

    id: str
    metric: str
    machine: MachineSpec
    device_name: str
    model: str
    format: str
    kv_key: str
    kv_value: str
    runtime: str
    backend: str
    parallelism: str
    concurrency: int
    prompt_tokens: int
    depth_tokens: int | None
    output_tokens: int
    context_tokens: int | None
    batch_tokens: int
    flash_attention: int
    mla_mode: int
    build: LlamaBuild
    experts_on_host: bool
    layers_on_host: bool
    tensor_ranks: int  # 0: by the runtime's rule
    utilization: float
    weights_bytes: float
    bits_per_weight: float
    bandwidth_assumed: bool
    format_assumed: bool
    serves: bool  # a server's runtime: it batches continuously
    shares_host: bool  # CPU and GPU work on one model together
    widened: tuple[str, ...] = field(default=())  # why the answer is less certain than usual


def _sequences(row: Mapping[str, str]) -> int:
    """Sequences at a time; for memory those that the cache has room for, which may be more than are running."""
    running = whole(row, "batch", low=0, high=10**6)
    slots = whole(row, "n_seq", low=0, high=10**6)
    first, second = (slots, running) if row.get("metric") in MEMORY_METRICS else (running, slots)
    return first or second or 1


def _mla_mode(row: Mapping[str, str]) -> int:
    """How the cache of latent attention is kept, where the case's KV type says so ("c^KV", "kv^T", "K: V:")."""
    text = row.get("kv_type") or ""
    if "kv^T" in text:
        return MLA_LATENT_TWICE
    return MLA_FULL if "K:" in text and "V:" in text else MLA_LATENT


def _layers_on_host(row: Mapping[str, str], model: ModelRow) -> bool:
    """Whether fewer layers than the model has are on the devices."""
    on_devices = whole(row, "n_gpu_layers", high=10**6)
    layers = model.config.get("num_hidden_layers")
    return on_devices is not None and isinstance(layers, int) and on_devices < layers


def _tensor_ranks(row: Mapping[str, str]) -> int:
    """Devices that share every layer, as "TP4" and "TP2 PP2" say it; 0 where the text says nothing of it.

    Under expert parallelism ("EP8") each device reads its share of the experts, so it counts alike.
    """
    text = (row.get("parallelism") or "").upper()
    if not text.strip():
        return 0
    ranks = [int(n) for n in re.findall(r"\b(?:TP|EP)\D?(\d{1,4})\b", text)]
    return max(ranks, default=1)


def _workload_doubts(row: Mapping[str, str], prompt: int | None) -> list[str]:
    """What of the workload the formulas do not cover, or take on the case's behalf."""
    doubts = []
    if (row.get("speculative") or "").strip().lower() not in ("", "0", "off", "no", "none", "false"):
        doubts.append("tokens are drafted ahead: the plain speed is given")
    if number(row, "power_limit_w", high=1e6):
        doubts.append("the power limit is not part of the formula")
    metric = row.get("metric", "")
    if metric in ("prefill_tps", "ttft_ms") and not prompt:
        doubts.append(f"prompt_tokens is not stated: {DEFAULT_PROMPT_TOKENS} are taken")
    return doubts


class CaseReader:
    """Resolves cases against one catalog."""

    def __init__(self, rows: CatalogRows, names: NameIndex | None = None) -> None:
        self.rows = rows
        self.names = names or NameIndex.build(rows)
        self._runs = RunNames(rows, self.names)
        self._servers = {r.slug for r in rows.runtimes if r.kv_rule in SERVER_RULES}
        self._ollama = shipped_ollama_sizes()

    def read(self, row: Mapping[str, str]) -> Case:
        """The case as a plan. Raises ``CaseError`` with the status and the reason where it cannot be one."""
        try:
            return self._case(row)
        except RunError as fault:
            status = INVALID if fault.status == NOT_STATED else fault.status
            raise CaseError(status, fault.reason) from None

    def _case(self, row: Mapping[str, str]) -> Case:
        model = self._runs.model(row.get("model") or "")
        weights_gib = number(row, "weights_gib", high=1e5) or number(row, "model_size_gib", high=1e5)
        stored = self._format(row, model, weights_gib)
        format_slug, bits, format_widened = stored.slug, stored.bits_per_weight, stored.doubts
        runtime = self._runs.runtime(row.get("runtime") or "", row.get("backend") or "", format_slug)
        device, resolution = self._device(row)
        backend = self._runs.backend(row.get("backend") or "", runtime, device, resolution.processor)
        kv_key, kv_value = self._kv_formats(row)
        prompt = whole(row, "prompt_tokens", high=10**8)
        backend_text = (row.get("backend") or "").upper()
        shares_host = bool(re.search(r"CPU ?\+|\+ ?CPU", f"{backend_text} {backend.upper()}"))
        widened = (*format_widened, *device_doubts(resolution), *_workload_doubts(row, prompt))
        return Case(
            id=row.get("id", ""),
            metric=row.get("metric", ""),
            machine=self._machine(row, device, resolution),
            device_name=device.name,
            model=model.slug,
            format=format_slug,
            kv_key=kv_key,
            kv_value=kv_value,
            runtime=runtime,
            backend=backend,
            parallelism=(row.get("parallelism") or "").strip(),
            concurrency=_sequences(row),
            prompt_tokens=prompt or 0,
            depth_tokens=whole(row, "ctx_depth", high=10**8),
            output_tokens=whole(row, "output_tokens", high=10**8) or 0,
            context_tokens=whole(row, "n_ctx", high=10**9),
            batch_tokens=whole(row, "n_ubatch", high=10**6)
            or whole(row, "max_num_batched_tokens", high=10**6)
            or 0,
            flash_attention={"0": 0, "off": 0, "false": 0, "1": 1, "on": 1, "true": 1}.get(
                (row.get("flash_attn") or "").strip().lower(), -1
            ),
            mla_mode=_mla_mode(row),
            build=llama_build(
                ik=runtime == "ik-llama-cpp", version=(row.get("runtime_version") or "").strip()
            ),
            experts_on_host=bool(whole(row, "n_cpu_moe", high=10**4)),
            layers_on_host=_layers_on_host(row, model),
            tensor_ranks=_tensor_ranks(row),
            utilization=number(row, "gpu_memory_utilization", high=1.0) or math.nan,
            weights_bytes=weights_gib * GIB
            if weights_gib
            else self._served_bytes(runtime, model, format_slug),
            bits_per_weight=bits if bits and not weights_gib else math.nan,
            bandwidth_assumed=resolution.bandwidth_assumed,
            format_assumed=bool(format_widened),
            serves=runtime in self._servers,
            shares_host=shares_host,
            widened=widened,
        )

    def _served_bytes(self, runtime: str, model: ModelRow, format_slug: str) -> float:
        """Size of the file that Ollama's library serves, where it is not what the format's rule gives; else nan."""
        return (
            float(self._ollama.get((model.slug, format_slug), math.nan)) if runtime == "ollama" else math.nan
        )

    def _format(self, row: Mapping[str, str], model: ModelRow, weights_gib: float | None) -> TakenFormat:
        return self._runs.format(
            row.get("quant") or "",
            model,
            model_text=row.get("model") or "",
            runtime_text=row.get("runtime") or "",
            weights_gib=weights_gib,
            cache_only=row.get("metric") == "kv_bytes",
        )

    def _device(self, row: Mapping[str, str]) -> tuple[DeviceRow, Resolution]:
        resolution = self._runs.resolve_device(
            row.get("device") or "",
            memory_gb=number(row, "device_mem_gb", high=1e6),
            bandwidth_gbs=number(row, "device_bw_gbs", high=1e6),
            backend_text=row.get("backend") or "",
            metric=row.get("metric") or "",
        )
        if not resolution.answerable and row.get("metric") in MEMORY_METRICS:
            return self._runs.stand_in(resolution, row.get("backend") or ""), resolution
        return self._runs.device(resolution), resolution

    def _kv_formats(self, row: Mapping[str, str]) -> tuple[str, str]:
        text = (row.get("kv_type") or "").strip()
        if not text:
            return "f16", "f16"
        parts: dict[str, str] = dict(re.findall(r"\b([KV]):\s*([\w.]+)", text))
        latent = re.search(r"c\^?KV:\s*([\w.]+)", text)
        if latent:
            parts = {"K": latent.group(1), "V": latent.group(1)}
        key, value = (parts["K"], parts.get("V", parts["K"])) if "K" in parts else (text, text)
        resolve = self.names.resolve_kv_format
        return taken(resolve(key), "KV format"), taken(resolve(value), "KV format")

    def _machine(self, row: Mapping[str, str], device: DeviceRow, resolution: Resolution) -> MachineSpec:
        count = whole(row, "device_count", low=0, high=10**5) or resolution.count or 1
        stated = resolution.memory_gb or number(row, "device_mem_gb", high=1e6)
        options = device.memory_options_gb
        memory_gb = stated or (options[0] if len(options) == 1 else None)
        host_gb = number(row, "host_memory_gib", high=1e6) or resolution.host_memory_gb or 0.0
        return MachineSpec(
            slug=device.slug,
            device=device,
            device_count=count,
            memory_bytes=memory_gb * GIB if memory_gb else math.nan,
            platform=device_platform(device),
            host_memory_bytes=host_gb * GIB,
            host_bandwidth_bytes_per_s=resolution.host_bandwidth_bytes_per_s or math.nan,
        )
