"""What a published run names, read together: model, weight format, runtime, device and backend.

One text helps to read another (the runtime tells which "4bit" is meant, the backend which processor ran), and what a
run leaves open is taken where there is a usual answer, with a doubt that says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hardware_catalog.names.devices import BANDWIDTH_RATIO
from hardware_catalog.names.index import NameIndex
from hardware_catalog.names.resolution import AMBIGUOUS, NOT_IN_CATALOG, NOT_STATED, OK, Resolution
from hardware_catalog.rows import CatalogRows, DeviceRow, ModelRow
from planner.engine.units import GIB

# what a runtime runs on when the run does not say, by the device's vendor
_USUAL_BACKENDS: Mapping[str, tuple[str, ...]] = {
    "NVIDIA": ("CUDA",),
    "AMD": ("ROCm", "Vulkan"),
    "Intel": ("SYCL", "Vulkan", "CPU"),
    "Apple": ("Metal", "MLX", "CPU"),
}
# other names of what a runtime runs on
_ALIKE_BACKENDS: Mapping[str, tuple[str, ...]] = {
    "MLX": ("Metal",),
    "MPS": ("Metal",),
    "Metal": ("MPS",),
    "NPU": ("Hexagon", "QNN"),
    "QNN": ("NPU", "Hexagon"),
    "Hexagon": ("NPU", "QNN"),
    "XNNPACK": ("CPU",),
    "CPU": ("XNNPACK",),
    "OpenCL": ("GPU",),
    "XPU": ("SYCL",),
    "SYCL": ("XPU",),
}
_USUAL_RUNTIME: Mapping[str, str] = {
    "gguf": "llama-cpp",
    "mlx": "mlx-lm",
    "exl2": "exllamav2",
    "exl3": "exllamav3",
    "safetensors": "vllm",
}
# Speeds of one sequence, which the bandwidth sets: candidates need not agree in their compute for these.
DECODE_METRICS = frozenset({"decode_tps", "decode_tps_per_seq", "tpot_ms"})
# the rule's name where a rate between those of a platform's candidates is taken
BETWEEN = "between"
# One processor is sold with several kinds of memory: up to this ratio of their rates a rate between them is taken, with
# a wider interval (DDR5-5600 to LPDDR5X-7500: 1.34).
PLATFORM_RATIO = 1.4
# Formats of one short name whose bits lie this near (Q4_K_M to Q4_0: 1.06) are answered as the likeliest.
BITS_RATIO = 1.1


class RunError(ValueError):
    """Why a run's text is no entry: ``status`` is ambiguous, not_in_catalog or not_stated."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TakenFormat:
    """A weight format, the bits per weight that the text states, and what was taken on the run's behalf."""

    slug: str
    bits_per_weight: float | None = None
    doubts: tuple[str, ...] = ()


def taken(resolution: Resolution, what: str) -> str:
    """The resolved slug. Raises ``RunError`` naming the candidates where there is none to take."""
    if resolution.answerable:
        return resolution.slug
    named = ", ".join(name for _, name in resolution.candidates[:6])
    if resolution.status == AMBIGUOUS:
        raise RunError(AMBIGUOUS, f"{what} {resolution.text!r} may be: {named}")
    near = f"; near names: {named}" if named else ""
    raise RunError(NOT_IN_CATALOG, f"no {what} {resolution.text!r} in the catalog{near}")


def device_doubts(resolution: Resolution) -> tuple[str, ...]:
    """What was taken on the run's behalf where its device is not told exactly."""
    doubts = []
    if resolution.candidates and resolution.figures_agree:
        named = ", ".join(name for _, name in resolution.candidates[:4])
        doubts.append(f"the device's variant is not stated ({named}); their figures agree")
    if not resolution.answerable:
        doubts.append("the device is not one entry of the catalog; its figures do not matter to this metric")
    if resolution.rule == BETWEEN:
        named = ", ".join(name for _, name in resolution.candidates[:4])
        doubts.append(f"the memory fitted is not stated ({named}): a rate between them is taken")
    elif resolution.bandwidth_assumed:
        doubts.append("the memory fitted is not stated: the platform's own rate is taken")
    return tuple(doubts)


class RunNames:
    """Reads the names of runs against one catalog."""

    def __init__(self, rows: CatalogRows, names: NameIndex) -> None:
        self.names = names
        self.devices = {d.slug: d for d in rows.devices}
        self.models = {m.slug: m for m in rows.models}
        self.formats = {f.slug: f for f in rows.formats}
        self.runtimes = {r.slug: r for r in rows.runtimes}
        self._gguf = [f for f in rows.formats if f.family == "gguf" and f.nominal_bits_per_weight]

    def model(self, text: str) -> ModelRow:
        """The language model. Raises ``RunError``, as all of these do."""
        if not text.strip():
            raise RunError(NOT_STATED, "model is empty")
        return self.models[taken(self.names.resolve_model(text.strip()), "model")]

    def format(
        self,
        text: str,
        model: ModelRow,
        *,
        model_text: str,
        runtime_text: str,
        weights_gib: float | None = None,
        cache_only: bool = False,
    ) -> TakenFormat:
        """The weight format. ``cache_only``: what is asked of the run does not depend on it."""
        text = text.strip() or self.names.resolve_model(model_text.strip()).format_text
        # one short name is several layouts: the runtime tells which
        runtime = self.names.resolve_runtime(runtime_text.strip())
        resolution = self.names.resolve_format(text, model.slug, runtime.slug or None)
        bits = resolution.bits_per_weight
        if resolution.answerable:
            return TakenFormat(resolution.slug, bits)
        if bits:
            return TakenFormat(self._nearest_format(bits), bits)
        if not text or resolution.status == NOT_STATED:
            return self._unstated_format(text, model, runtime_text.lower(), weights_gib, cache_only)
        near = self._near_in_size(resolution)
        if near is not None:
            return near
        if weights_gib and model.params_published:
            doubt = f"{text[:40]} is not a format of the catalog: the stated size of the weights is taken"
            return TakenFormat(self._of_size(weights_gib, model.params_published), None, (doubt,))
        return TakenFormat(taken(resolution, "format"), bits)

    def _near_in_size(self, resolution: Resolution) -> TakenFormat | None:
        """The likeliest of several formats, where all take nearly the same bits."""
        bits = [self.formats[slug].nominal_bits_per_weight for slug, _ in resolution.candidates]
        known = [b for b in bits if b]
        if resolution.status != AMBIGUOUS or len(known) != len(bits) or not known:
            return None
        if max(known) > BITS_RATIO * min(known):
            return None
        named = ", ".join(name for _, name in resolution.candidates)
        doubt = f"the format {resolution.text[:40]!r} may be {named}, of nearly the same size"
        return TakenFormat(resolution.candidates[0][0], None, (doubt,))

    def _of_size(self, weights_gib: float, params: float) -> str:
        return self._nearest_format(weights_gib * GIB * 8 / params)

    def _nearest_format(self, bits: float) -> str:
        return min(self._gguf, key=lambda f: (abs((f.nominal_bits_per_weight or 0) - bits), f.slug)).slug

    def _unstated_format(
        self, text: str, model: ModelRow, runtime: str, weights_gib: float | None, cache_only: bool
    ) -> TakenFormat:
        if "ollama" in runtime or "ollama" in text.lower():
            # Ollama's library builds Q4_K_M where a tag names no format (https://github.com/ollama/ollama/blob/main/docs/import.md)
            slug = model.native_format if model.native_format == "mxfp4-moe" else "q4-k-m"
            return TakenFormat(slug, None, ("the format is not stated: Ollama's usual one is taken",))
        if weights_gib and model.params_published:
            return TakenFormat(self._of_size(weights_gib, model.params_published))
        if any(word in runtime for word in ("vllm", "sglang", "tensorrt", "nim", "transformers", "torch")):
            doubt = "the format is not stated: the published precision is taken"
            return TakenFormat(model.native_format, None, (doubt,))
        if cache_only:
            return TakenFormat(model.native_format)
        return TakenFormat("q4-k-m", None, ("the format (quant) is not stated: Q4_K_M is taken",))

    def runtime(self, text: str, backend_text: str, format_slug: str) -> str:
        """The runtime's slug; where none is stated, the usual one of the format's files."""
        if "ipex" in backend_text.lower() and "ipex-llm" in self.runtimes:
            return "ipex-llm"  # llama.cpp's fork with kernels of its own
        usual = _USUAL_RUNTIME.get(self.formats[format_slug].family, "llama-cpp")
        if not text.strip():
            return usual
        resolution = self.names.resolve_runtime(text.strip())
        return usual if resolution.status == NOT_STATED else taken(resolution, "runtime")

    def resolve_device(
        self,
        text: str,
        *,
        memory_gb: float | None,
        bandwidth_gbs: float | None,
        backend_text: str,
        metric: str,
    ) -> Resolution:
        """What the device's text says; its memory and bandwidth choose between entries that it leaves open.

        What stays open is taken where the candidates agree in the figures that the metric depends on.
        """
        if not text.strip():
            raise RunError(NOT_STATED, "device is empty")
        found = self.names.resolve_device(
            text.strip(),
            memory_gb=memory_gb,
            bandwidth_gbs=bandwidth_gbs,
            backend=backend_text.strip() or None,
        )
        return found if found.answerable or found.status != AMBIGUOUS else self._settled(found, metric)

    def _settled(self, found: Resolution, metric: str) -> Resolution:
        rows = [self.devices[slug] for slug, _ in found.candidates]
        rates = [row.bandwidth_bytes_per_s for row in rows if row.bandwidth_bytes_per_s]
        if not rates or len(rates) != len(rows):
            return found
        lowest = min(rows, key=lambda row: (row.bandwidth_bytes_per_s or 0.0, row.fp16_flops_per_s or 0.0))
        taken_entry = replace(found, slug=lowest.slug, name=lowest.name, figures_agree=True)
        if metric in DECODE_METRICS and max(rates) <= BANDWIDTH_RATIO * min(rates):
            return taken_entry
        if found.rule == "cpu" and max(rates) <= PLATFORM_RATIO * min(rates):
            return replace(
                taken_entry,
                rule=BETWEEN,
                figures_agree=False,
                status=OK,
                bandwidth_bytes_per_s=math.sqrt(min(rates) * max(rates)),
                bandwidth_assumed=True,
            )
        return found

    def device(self, resolution: Resolution) -> DeviceRow:
        """The entry, with the bandwidth of the memory that the text states."""
        device = self.devices[taken(resolution, "device")]
        if resolution.bandwidth_bytes_per_s:
            device = replace(device, bandwidth_bytes_per_s=resolution.bandwidth_bytes_per_s)
        return device

    def stand_in(self, resolution: Resolution, backend_text: str) -> DeviceRow:
        """A device of the kind that the backend runs on: what a runtime allocates depends on nothing else of it."""
        backend = self.names.resolve_backend((backend_text or resolution.text).strip()).slug
        vendor, kind = {
            "CPU": ("Intel", "computer"),
            "Metal": ("Apple", "apple"),
            "ROCm": ("AMD", "gpu"),
            "SYCL": ("Intel", "gpu"),
        }.get(backend, ("NVIDIA", "gpu"))
        alike = next(d for d in self.devices.values() if (d.vendor, d.kind) == (vendor, kind))
        return replace(alike, name=resolution.text, memory_options_gb=())

    def backend(self, text: str, runtime: str, device: DeviceRow, processor: str) -> str:
        """The runtime's backend that ran; where none is stated, the usual one of the device."""
        known = self.runtimes[runtime].backends
        named = self.names.resolve_backend(text.strip()) if text.strip() else None
        stated = named.slug if named else ""
        if named and stated:
            # of "CPU+CUDA" the device's part, where the runtime has no name for both together
            parts = [part for part in named.backends if part != "CPU"]
            match = next((b for b in (stated, *_ALIKE_BACKENDS.get(stated, ()), *parts) if b in known), None)
            if match:
                return match
            if stated != "GPU":
                name = self.runtimes[runtime].name
                raise RunError(NOT_IN_CATALOG, f"the catalog does not know {name} on {text.strip()[:40]}")
        if processor == "cpu" or device.kind in ("phone", "tablet"):
            usual: tuple[str, ...] = ("CPU",)
        else:
            usual = (*_USUAL_BACKENDS.get(device.vendor, ()), "CPU")
        if device.kind == "computer" and processor != "igpu" and device.vendor in ("AMD", "Intel"):
            usual = ("CPU", *usual)
        return next((backend for backend in usual if backend in known), known[0])
