"""The page of one device: every figure, what runs on it, the machines that hold it."""

from __future__ import annotations

from typing import Any

from hardware_catalog.rows import DeviceRow
from planner import figures
from planner.catalog_pages import machines, words
from planner.catalog_pages.evidence import Figure, n_measurements, notes_by_field, source_lines
from planner.catalog_pages.running import running
from planner.figures import NBSP, UNKNOWN
from planner.plans.questions import Question
from planner.snapshot import Snapshot

MACHINES_SHOWN = 12

# Rates of computing: field, what is counted, in which numbers.
RATES = (
    ("fp32_flops_per_s", "TFLOPS", "FP32, vector units"),
    ("fp16_flops_per_s", "TFLOPS", "FP16, dense, FP32 accumulate"),
    ("bf16_flops_per_s", "TFLOPS", "BF16, dense"),
    ("fp8_flops_per_s", "TFLOPS", "FP8, dense"),
    ("int8_ops_per_s", "TOPS", "INT8, dense"),
    ("fp4_flops_per_s", "TFLOPS", "FP4, dense"),
    ("npu_ops_per_s", "TOPS", "NPU, as the vendor counts"),
)


def device_context(device: DeviceRow, memory_gb: float | None, snapshot: Snapshot) -> dict[str, Any]:
    """Everything the page needs. ``memory_gb``: which of its memory sizes to plan with; None: the smallest."""
    sizes = device.memory_options_gb
    chosen = memory_gb or min(sizes, default=None)
    question = Question(model="", device=device.slug, memory_gb=chosen if len(sizes) > 1 else None)
    held_by = machines.by_device(snapshot).get(device.slug, [])
    return {
        "entry": device,
        "title": f"{device.name} · Sizewise",
        "subtitle": subtitle(device),
        "highlights": highlights(device),
        "figures": device_figures(device),
        "row_notes": notes_by_field(device.figure_notes).get("", ()),
        "runs": running(snapshot).models_on(question) if sizes else (),
        "sizes": [(size, size == chosen) for size in sizes] if len(sizes) > 1 else [],
        "asks_for": "model",
        "asks_with": {"machine": device.slug, "memory": f"{chosen:g}" if len(sizes) > 1 else ""},
        "machines": held_by[:MACHINES_SHOWN],
        "n_machines": len(held_by),
        "n_measurements": n_measurements(device=device.slug),
        "measured_by": f"device={device.slug}",
        "sources": source_lines(device.sources, snapshot),
    }


def subtitle(device: DeviceRow) -> str:
    """What kind of thing it is, whose, and how old."""
    parts = [f"{words.DEVICE_KINDS[device.kind]} by {device.vendor}", device.architecture]
    if device.form_factor and device.form_factor != device.kind:
        parts.append(f"for {words.FORM_FACTORS[device.form_factor]} use")
    parts.append(str(device.year or ""))
    text = ", ".join(filter(None, parts))
    return text[0].upper() + text[1:]


def highlights(device: DeviceRow) -> list[Figure]:
    """The three figures that decide what it can run."""
    rate = device.fp16_flops_per_s or device.bf16_flops_per_s
    return [
        Figure("Memory", figures.nominal_gb(device.memory_options_gb)),
        Figure("Memory bandwidth", bandwidth(device)),
        Figure("Compute at 16 bits", figures.tera(rate, "TFLOPS")),
    ]


def bandwidth(device: DeviceRow) -> str:
    """The bandwidth of its memory."""
    figure = figures.gb_per_s(device.bandwidth_bytes_per_s)
    return f"up to {figure}" if device.bandwidth_is_upper_limit else figure


def device_figures(device: DeviceRow) -> list[Figure]:
    """Every figure that the catalog keeps of a device, each with its notes; what no source states is unknown."""
    notes = notes_by_field(device.figure_notes)

    def figure(field: str, label: str, value: str, term: str = "") -> Figure:
        return Figure(label, value or UNKNOWN, term, notes.get(field, ()))

    return [
        figure("memory_options_gb", "Memory", figures.nominal_gb(device.memory_options_gb)),
        Figure(
            "Memory shared by processor and graphics",
            "yes" if device.unified_memory else "no",
            "unified memory",
        ),
        figure("memory_type", "Memory type", device.memory_type),
        figure("bandwidth_bytes_per_s", "Memory bandwidth", bandwidth(device), device.bandwidth_basis),
        *(
            figure(field, "Compute", figures.tera(getattr(device, field), unit), term)
            for field, unit, term in RATES
        ),
        figure(
            "pcie_bytes_per_s", "Link to the host", figures.gb_per_s(device.pcie_bytes_per_s), "per direction"
        ),
        figure("interconnect", "Links", device.interconnect, "interconnect"),
        figure("tdp_w", "Power", UNKNOWN if device.tdp_w is None else f"{device.tdp_w:,g}{NBSP}W", "rated"),
        figure(
            "launch_price_usd",
            "Price at launch",
            UNKNOWN if device.launch_price_usd is None else f"${device.launch_price_usd:,.0f}",
            "USD",
        ),
        figure("architecture", "Architecture", device.architecture),
        figure("year", "Year", str(device.year or "")),
        Figure("Made for", words.FORM_FACTORS.get(device.form_factor, "several, or unknown")),
        *([Figure("Found in", device.carried_by)] if device.carried_by else []),
    ]
