"""Which runtime, backend and weight formats to offer for a machine and a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hardware_catalog.rows import DeviceRow, FormatRow, ModelRow, RuntimeRow
from hardware_catalog.support import matching_rules, runs_on, takes
from planner.plans.errors import PlanError
from planner.plans.machines import PlannedMachine
from planner.snapshot import Snapshot

# Formats that people find ready made, widest first; the table of formats and "best that fits" choose among them.
# Mixes of one width are offered once, in the form that their publishers recommend.
COMMON_FORMATS: tuple[str, ...] = (
    "bf16",
    "gguf-bf16",
    "mlx-bf16",
    "f16",
    "fp8-block128",
    "fp8",
    "q8-0",
    "mlx-8bit",
    "int8-w8a8",
    "q6-k",
    "mlx-6bit",
    "q5-k-m",
    "mlx-5bit",
    "q4-k-m",
    "nvfp4",
    "mlx-4bit",
    "mxfp4",
    "mxfp4-moe",
    "awq-4bit",
    "gptq-4bit",
    "w4a16",
    "iq4-xs",
    "q3-k-m",
    "mlx-3bit",
    "iq3-xxs",
    "q2-k",
    "iq2-xxs",
    "iq1-m",
)
# Layouts that exist only for models that were published in them.
NATIVE_ONLY = frozenset({"mxfp4", "mxfp4-moe", "fp8-block128"})
# How GGUF files keep weights that were published in such a layout.
NATIVE_GGUF = {"mxfp4-moe": "mxfp4-moe-q8"}
# F16 files are not offered where BF16 files run: the same width once.
F16, SAME_AS_F16 = "f16", "gguf-bf16"
# A stored format may exceed the native width by its scales: Q8_0 holds 8-bit weights in 8.5 bits.
NATIVE_SLACK = 1.07
# what a person is likely to run, by device vendor; the first that the catalog's rules allow is taken
_USUAL_BACKENDS: dict[str, tuple[str, ...]] = {
    "NVIDIA": ("CUDA", "Vulkan"),
    "AMD": ("Vulkan", "ROCm"),
    "Intel": ("Vulkan", "SYCL"),
    "Apple": ("Metal",),
}


# the program that a person is likely to take for GGUF files, and the order of preference for all others
_USUAL_RUNTIME = "llama-cpp"
_PREFERRED_RUNTIMES = (_USUAL_RUNTIME, "mlx-lm", "vllm", "exllamav3", "exllamav2")


@dataclass(frozen=True, slots=True)
class Offer:
    """A runtime on a backend, and the formats to show for the machine, widest first."""

    runtime: RuntimeRow
    backend: str
    formats: tuple[FormatRow, ...]
    # why the format that was asked for does not run there ("" when it does): its memory is still told
    refused_format: str = ""


def offer(
    runtime_slug: str, machine: PlannedMachine, model: ModelRow, format_slug: str, snapshot: Snapshot
) -> Offer:
    """What to run. Raises ``PlanError`` where the runtime does not run on the machine, or not this format."""
    device = machine.spec.device
    runtime = _runtime(runtime_slug, machine, format_slug, snapshot)
    backends = backends_on(runtime, machine)
    if not backends:
        raise PlanError("runtime", f"{runtime.name} does not run on {device.name}. Choose another program.")
    backend = backends[0]
    formats = _formats(runtime, backend, machine, snapshot)
    refused = ""
    if format_slug != "auto" and format_slug not in {f.slug for f in formats}:
        chosen = snapshot.formats.get(format_slug)
        if chosen is None:
            raise PlanError("format", f"The catalog has no format “{format_slug}”. Choose another.")
        able = ", ".join(r.name for r in _runtimes_for(chosen, machine, snapshot)[:3])
        hint = f"{able} can." if able else "no program in the catalog can."
        refused = f"{runtime.name} cannot run {chosen.name} on {device.name}; {hint}"
        formats = (*formats, chosen)
    return Offer(runtime, backend, _ordered(formats, model, format_slug), refused)


def _formats(
    runtime: RuntimeRow, backend: str, machine: PlannedMachine, snapshot: Snapshot
) -> tuple[FormatRow, ...]:
    """Every format that the runtime runs on the machine; remembered, since it takes many comparisons."""
    device, system = machine.spec.device, machine.operating_system
    key = (runtime.slug, backend, device.slug, system)
    known = snapshot.runnable.get(key)
    if known is None:
        known = tuple(f for f in snapshot.rows.formats if _runs(runtime, backend, device, f, system))
        snapshot.runnable[key] = known
    return known


def _runtime(slug: str, machine: PlannedMachine, format_slug: str, snapshot: Snapshot) -> RuntimeRow:
    if slug:
        runtime = snapshot.runtimes.get(slug)
        if runtime is None:
            raise PlanError("runtime", f"The catalog has no runtime “{slug}”. Choose another.")
        return runtime
    usual = snapshot.runtimes[_USUAL_RUNTIME]
    chosen = snapshot.formats.get(format_slug)
    if chosen is not None and not is_for_the_usual(chosen):
        able = _runtimes_for(chosen, machine, snapshot)
        return able[0] if able else usual
    return usual


def is_for_the_usual(weight_format: FormatRow) -> bool:
    """Whether people take the usual program for the format on every machine, and ask for no other."""
    return weight_format.family == "gguf"


def by_preference(runtimes: Iterable[RuntimeRow]) -> list[RuntimeRow]:
    """Runtimes in the order in which they are offered; the usual one comes first."""
    place = {slug: i for i, slug in enumerate(_PREFERRED_RUNTIMES)}
    return sorted(runtimes, key=lambda r: (place.get(r.slug, len(place)), r.slug))


def _runtimes_for(weight_format: FormatRow, machine: PlannedMachine, snapshot: Snapshot) -> list[RuntimeRow]:
    able = [
        runtime
        for runtime in snapshot.rows.runtimes
        if matching_rules(runtime, machine.spec.device, weight_format, machine.operating_system)
    ]
    return by_preference(able)


def backends_on(runtime: RuntimeRow, machine: PlannedMachine) -> list[str]:
    """Backends of the runtime that some rule allows on the device, the usual one first."""
    device, system = machine.spec.device, machine.operating_system
    if device.slug == "own":
        return [b for b in ("CUDA", *runtime.backends) if b in runtime.backends][:1]
    allowed = []
    for rule in runtime.supports:
        if rule["backend"] not in allowed and runs_on(rule, device, system):
            allowed.append(rule["backend"])
    usual = _USUAL_BACKENDS.get(device.vendor, ())
    if device.kind in ("phone", "tablet"):
        usual = ("Metal", "CPU") if device.vendor == "Apple" else ("CPU",)
    elif device.kind == "computer" and not device.unified_memory:
        usual = ("CPU",)
    elif device.kind == "computer" and device.vendor in ("AMD", "Intel") and device.fp16_flops_per_s is None:
        # a plain processor: its graphics, if any, are not faster at writing and have no figure here
        usual = ("CPU",)
    return sorted(allowed, key=lambda b: (usual.index(b) if b in usual else 9, b))


def _runs(
    runtime: RuntimeRow, backend: str, device: DeviceRow, weight_format: FormatRow, system: str
) -> bool:
    if device.slug == "own":
        return any(rule["backend"] == backend and takes(rule, weight_format) for rule in runtime.supports)
    return any(rule["backend"] == backend for rule in matching_rules(runtime, device, weight_format, system))


def _ordered(formats: tuple[FormatRow, ...], model: ModelRow, format_slug: str) -> tuple[FormatRow, ...]:
    """The common formats, the model's native one and the one asked for, widest first."""
    wanted = ready_made(model.native_format)
    if any(f.slug == SAME_AS_F16 for f in formats):
        wanted.discard(F16)  # the same width once
    wanted.add(format_slug)
    chosen = [f for f in formats if f.slug in wanted]
    return tuple(sorted(chosen, key=lambda f: -(f.nominal_bits_per_weight or 0.0)))


def ready_made(native_format: str) -> set[str]:
    """Slugs of the formats in which a model that was published in ``native_format`` is found ready made."""
    wanted = {*COMMON_FORMATS, native_format} - (NATIVE_ONLY - {native_format})
    if native_format in NATIVE_GGUF:
        wanted.add(NATIVE_GGUF[native_format])
    return wanted
