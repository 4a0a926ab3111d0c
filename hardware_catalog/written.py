"""How people write the catalog's figures: names, units, and the factor to what the database keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hardware_catalog import bounds

GIGA, TERA = 1e9, 1e12


@dataclass(frozen=True, slots=True)
class Written:
    """One figure: its name in pages and in columns of files, its unit, its scale and bounds in SI units."""

    label: str
    column: str
    unit: str
    scale: float
    bounds: tuple[float, float]

    def said_bounds(self) -> str:
        """ "between 1 and 100,000 GB/s" """
        low, high = (figure / self.scale for figure in self.bounds)
        return f"between {low:,g} and {high:,.15g} {self.unit}"


def _rate(name: str, column: str, unit: str = "TFLOPS") -> Written:
    return Written(name, column, unit, TERA, bounds.OPS_PER_S)


# Figures that the files write in other units than the database, by field. The columns are those of data/devices/*.csv.
FIGURES: Mapping[str, Written] = {
    "bandwidth_bytes_per_s": Written(
        "memory bandwidth", "bandwidth_gb_per_s", "GB/s", GIGA, bounds.BANDWIDTH_BYTES_PER_S
    ),
    "fp32_flops_per_s": _rate("FP32, vector", "fp32_tflops"),
    "fp16_flops_per_s": _rate("FP16, dense, FP32 accumulate", "fp16_dense_tflops"),
    "bf16_flops_per_s": _rate("BF16, dense", "bf16_dense_tflops"),
    "fp8_flops_per_s": _rate("FP8, dense", "fp8_dense_tflops"),
    "int8_ops_per_s": _rate("INT8, dense", "int8_dense_tops", "TOPS"),
    "fp4_flops_per_s": _rate("FP4, dense", "fp4_dense_tflops"),
    "npu_ops_per_s": _rate("NPU, as the vendor counts", "npu_tops", "TOPS"),
    "pcie_bytes_per_s": Written(
        "link to the host", "pcie_gb_per_s", "GB/s per direction", GIGA, bounds.LINK_BYTES_PER_S
    ),
    "tdp_w": Written("power", "tdp_w", "W", 1.0, bounds.POWER_W),
    "launch_price_usd": Written("launch price", "launch_price_usd", "USD", 1.0, bounds.PRICE_USD),
    "memory_gb": Written("memory of one device", "memory_gb", "GB", 1.0, bounds.MEMORY_GB),
    "host_memory_gb": Written("host memory", "host_memory_gb", "GB", 1.0, bounds.MEMORY_GB),
}
# Names of further fields, where the field's own would not do.
LABELS: Mapping[str, str] = {
    "aliases": "other names",
    "memory_options_gb": "memory sizes (GB)",
    "figure_notes": "notes on figures",
    "is_local": "kept here",
    "license": "licence",
    "hf_repo": "repository",
    "params_published": "parameters (published)",
    "active_params_published": "active parameters (published)",
    "supports": "rules",
    "slug": "slug",
}


def label_of(field: str) -> str:
    """The name of a field in a sentence."""
    figure = FIGURES.get(field)
    return figure.label if figure else LABELS.get(field, field.replace("_", " "))
