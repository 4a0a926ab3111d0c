"""What follows from an entry's fields, to be read beside them: a slipped digit or unit stands out there at once.

Each function takes the values of a form by field; what is missing or cannot be read is left out. The engine is
imported when it is needed: it brings numpy, which most commands do without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hardware_catalog.checks import REFUSALS, block_sizes, said
from hardware_catalog.models import Device, DeviceMemoryOption, LanguageModel, WeightFormat

if TYPE_CHECKING:
    from planner.engine.architecture import Architecture

Values = Mapping[str, Any]

GIB = 2**30
# Formats in which a model's bytes are shown, where the catalog has them.
SHOWN_FORMATS = ("bf16", "fp8", "q8-0", "q4-k-m", "mlx-4bit", "mxfp4")
# Models on which a format's bits are shown: a small dense one, one of experts, a large one with latents.
SHOWN_MODELS = ("llama-3-1-8b", "qwen3-30b-a3b", "deepseek-v3")
SHOWN_CONTEXT = 32_768
# Published and counted parameters that differ by more look wrong; makers round active ones, and count them their way.
APART, ACTIVE_APART = 0.01, 0.25
# Beyond this factor from what others of its kind do, a rate looks wrong.
UNUSUAL = 3.0
F16_BYTES = 2.0


@dataclass(frozen=True, slots=True)
class Computed:
    """One figure, what it means, and whether it looks wrong."""

    label: str
    value: str
    note: str = ""
    is_odd: bool = False


def device_figures(values: Values) -> list[Computed]:
    """Memory read per second, what a process may use, and the rates beside each other."""
    bandwidth = values.get("bandwidth_bytes_per_s")
    sizes = [size for size in values.get("memory_options_gb") or () if size]
    found = []
    if bandwidth and sizes:
        rates = [bandwidth / (size * GIB) for size in sizes]
        low, high = _usual_reads(values)
        found.append(
            Computed(
                "Reads its whole memory",
                f"{_few(min(rates))} to {_few(max(rates))} times a second"
                if len(rates) > 1
                else f"{_few(rates[0])} times a second",
                f"others of its kind: {_few(low)} to {_few(high)}" if high else "",
                is_odd=bool(high) and not low / UNUSUAL <= min(rates) <= max(rates) <= high * UNUSUAL,
            )
        )
    return found + _rates(values, bandwidth) + _limits(values, sizes)


def _usual_reads(values: Values) -> tuple[float, float]:
    """Between which rates nine of ten other devices of this kind read their memory; zeros where there are few."""
    options = DeviceMemoryOption.objects.filter(
        device__kind=values.get("kind") or "",
        device__form_factor=values.get("form_factor") or "",
        device__bandwidth_bytes_per_s__isnull=False,
        device__withdrawn=False,
    ).exclude(device__slug=values.get("slug") or "")
    pairs = options.values_list("device__bandwidth_bytes_per_s", "memory_gb")
    rates = sorted((bandwidth or 0.0) / (size * GIB) for bandwidth, size in pairs)
    if len(rates) < 10:
        return 0.0, 0.0
    return rates[len(rates) // 20], rates[-1 - len(rates) // 20]


def _rates(values: Values, bandwidth: float | None) -> list[Computed]:
    """Rates as multiples of FP16: two for half the bits, where the hardware has them."""
    fp16 = values.get("fp16_flops_per_s") or values.get("bf16_flops_per_s")
    found = []
    if fp16 and bandwidth:
        found.append(Computed("Computes for each byte read", f"{_few(fp16 / bandwidth)} FLOP in FP16"))
    others = {
        "FP32": "fp32_flops_per_s",
        "BF16": "bf16_flops_per_s",
        "FP8": "fp8_flops_per_s",
        "INT8": "int8_ops_per_s",
        "FP4": "fp4_flops_per_s",
    }
    shares = {name: values[field] / fp16 for name, field in others.items() if fp16 and values.get(field)}
    if shares:
        odd = [name for name, share in shares.items() if not 1 / 64 <= share <= 32]
        told = ", ".join(f"{name} {_few(share)} ×" for name, share in shares.items())
        found.append(Computed("Rates beside FP16", told, is_odd=bool(odd)))
    price, sizes = values.get("launch_price_usd"), values.get("memory_options_gb")
    if price and sizes:
        found.append(Computed("Launch price", f"{_few(price / min(sizes))} USD for each GB of memory"))
    return found


def _limits(values: Values, sizes: list[float]) -> list[Computed]:
    """The platform, and what its rule lets a process use of each memory size."""
    import numpy as np

    from hardware_catalog.tables import memory_limits
    from planner.engine.limits import platform_key

    if not values.get("kind"):
        return []
    platform = platform_key(
        kind=str(values["kind"]),
        vendor=str(values.get("vendor") or ""),
        operating_system=str(values.get("operating_system") or ""),
        unified_memory=bool(values.get("unified_memory")),
    )
    limits, _ = memory_limits()
    rule = limits.rules[limits.index(platform)]
    usable = rule.usable(np.array([size * GIB for size in sizes]))[1] if sizes else []
    told = ", ".join(f"{amount / GIB:.1f} of {size:g} GB" for size, amount in zip(sizes, usable, strict=True))
    return [Computed("A process may use", told or "unknown", f"rule {rule.platform}: {rule.label}")]


def machine_figures(values: Values) -> list[Computed]:
    """The memory of all devices, what a process may use of it, and how often a second it is read."""
    device, size, count = values.get("device"), values.get("memory_gb"), values.get("device_count") or 1
    if not isinstance(device, Device) or not size:
        return []
    total = f"{count * size:g} GB" + (f" in {count} devices" if count > 1 else "")
    found = [Computed("Memory of its devices", total)]
    if device.bandwidth_bytes_per_s:
        rate = device.bandwidth_bytes_per_s / (size * GIB)
        found.append(Computed("Reads its whole memory", f"{_few(rate)} times a second"))
    system = values.get("operating_system")
    facts = {"kind": device.kind, "vendor": device.vendor.name, "unified_memory": device.unified_memory}
    return found + _limits({**facts, "operating_system": system}, [size])


def model_figures(values: Values) -> list[Computed]:
    """Parameters counted from the architecture, the KV cache of a token, and bytes in common formats."""
    from planner.engine.architecture import architecture_from_config
    from planner.engine.parameters import active_parameters, parameters_as_published, total_parameters

    config, formula = values.get("config"), values.get("formula")
    if not config or not isinstance(formula, dict):
        return [
            Computed(
                "Architecture", "unknown", "it needs a configuration and a formula", is_odd=bool(formula)
            )
        ]
    try:
        architecture = architecture_from_config(config, formula)
        counted = parameters_as_published(architecture, formula)
        total, active = total_parameters(architecture), active_parameters(architecture)
    except REFUSALS as error:
        return [Computed("Architecture", "cannot be read", said(error), is_odd=True)]
    return [
        _beside_published("Parameters, counted", counted, values.get("params_published")),
        _beside_published("Read for each token", active, values.get("active_params_published"), ACTIVE_APART)
        if architecture.is_moe
        else Computed("Read for each token", f"{active / 1e9:.4g} billion", f"of {total / 1e9:.4g} billion"),
        *_cache(architecture),
        *_sizes(architecture),
    ]


def _beside_published(label: str, counted: float, published: float | None, most: float = APART) -> Computed:
    value = f"{counted / 1e9:.4g} billion"
    if not published:
        return Computed(label, value, "published: unknown")
    apart = counted / published - 1
    return Computed(label, value, f"published {published / 1e9:.4g} billion: {apart:+.1%}", abs(apart) > most)


def _cache(architecture: Architecture) -> list[Computed]:
    """What one token adds to the KV cache in F16, and what a conversation then takes."""
    small, large = (_cache_bytes(architecture, tokens) for tokens in (SHOWN_CONTEXT, 2 * SHOWN_CONTEXT))
    per_token = (large - small) / SHOWN_CONTEXT
    return [
        Computed(
            "KV cache in F16",
            f"{per_token:,.0f} bytes a token",
            f"{small / GIB:.3g} GiB for {SHOWN_CONTEXT:,} tokens, with windows and state",
            is_odd=per_token <= 0 and small <= 0,
        )
    ]


def _cache_bytes(architecture: Architecture, tokens: int) -> float:
    import numpy as np

    from planner.engine.kv import KV_RULES, MLA_LATENT, CachePlan, cache_bytes, cache_table

    def one(value: float) -> Any:
        return np.array([value])

    plan = CachePlan(
        context_tokens=one(float(tokens)),
        n_sequences=one(1.0),
        batch_tokens=one(512.0),
        key_bytes=one(F16_BYTES),
        value_bytes=one(F16_BYTES),
        rule=one(KV_RULES.index("llama_cpp")),
        mla_mode=one(MLA_LATENT),
    )
    return float(cache_bytes(cache_table([architecture]), plan).total[0])


def _sizes(architecture: Architecture) -> list[Computed]:
    from planner.engine.quantize import weight_format
    from planner.engine.weights import file_bytes

    blocks = block_sizes()
    entries = {entry.slug: entry for entry in WeightFormat.objects.filter(slug__in=SHOWN_FORMATS)}
    told = []
    for slug in SHOWN_FORMATS:
        if slug in entries:
            try:
                size = file_bytes(architecture, weight_format(entries[slug], blocks))
            except REFUSALS:
                continue
            told.append(f"{entries[slug].name} {size / 1e9:.4g} GB")
    return [Computed("Files", ", ".join(told))] if told else []


def format_figures(values: Values) -> list[Computed]:
    """Bits that a weight really takes, on well-known models."""
    from planner.engine.architecture import architecture_from_config
    from planner.engine.parameters import total_parameters
    from planner.engine.quantize import weight_format
    from planner.engine.weights import loaded_bytes

    rules, nominal = values.get("rules"), values.get("nominal_bits_per_weight")
    if not isinstance(rules, dict) or not rules:
        return []
    entry = WeightFormat(
        slug=values.get("slug") or "",
        family=values.get("family") or "",
        rules=rules,
        nominal_bits_per_weight=nominal,
    )
    blocks, told = block_sizes(), {}
    for model in LanguageModel.objects.filter(slug__in=SHOWN_MODELS, formula__isnull=False):
        try:
            architecture = architecture_from_config(model.config, model.formula or {})
            bits = (
                loaded_bytes(architecture, weight_format(entry, blocks)) * 8 / total_parameters(architecture)
            )
        except REFUSALS as error:
            return [Computed("Bits per weight", "cannot be computed", said(error), is_odd=True)]
        told[model.name] = bits
    # formats of experts leave dense models as they are, and the other way round
    odd = bool(nominal) and not any(0.7 <= bits / float(nominal or bits) <= 1.6 for bits in told.values())
    note = f"nominal {nominal:g}" if nominal else ""
    return [Computed(f"Bits per weight of {name}", f"{bits:.3f}", note, odd) for name, bits in told.items()]


def kv_format_figures(values: Values) -> list[Computed]:
    """Beside F16."""
    bits = values.get("bits_per_element")
    return [Computed("Beside F16", f"{bits / 16:.3g} of its bytes", "", bits > 32)] if bits else []


def block_figures(values: Values) -> list[Computed]:
    """Bits of one element."""
    elements, size = values.get("elements"), values.get("bytes")
    if not elements or not size:
        return []
    bits = size * 8 / elements
    return [
        Computed("Bits per element", f"{bits:.4g}", f"{elements:,} elements in {size:g} bytes", bits > 32)
    ]


def _few(value: float) -> str:
    """Three significant digits."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text


FIGURES: Mapping[str, Callable[[Values], list[Computed]]] = {
    "device": device_figures,
    "machine": machine_figures,
    "languagemodel": model_figures,
    "weightformat": format_figures,
    "kvformat": kv_format_figures,
    "blocktype": block_figures,
}
