"""Devices: GPUs, Apple chips, phones, tablets, computers, accelerators, and what is known of each figure."""

from __future__ import annotations

from django.db import models

from hardware_catalog import bounds
from hardware_catalog.models.base import CatalogEntry, Vendor
from hardware_catalog.models.constraints import as_choices, between, one_of

RATE_FIELDS = (
    "fp32_flops_per_s",
    "fp16_flops_per_s",
    "bf16_flops_per_s",
    "fp8_flops_per_s",
    "int8_ops_per_s",
    "fp4_flops_per_s",
    "npu_ops_per_s",
)


def _rate(name: str) -> models.FloatField:
    return models.FloatField(name, null=True, blank=True)


class Device(CatalogEntry):
    """One part or product with its own memory, bandwidth and compute. NULL is unknown."""

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="devices")
    kind = models.CharField(max_length=20, choices=as_choices(bounds.DEVICE_KINDS))
    architecture = models.CharField(max_length=120, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    form_factor = models.CharField(max_length=20, blank=True, choices=as_choices(bounds.FORM_FACTORS[1:]))
    memory_type = models.CharField(max_length=120, blank=True)
    unified_memory = models.BooleanField(
        default=False, help_text="CPU and GPU share this memory: the device's memory is the machine's."
    )
    bandwidth_bytes_per_s = models.FloatField("memory bandwidth (bytes/s)", null=True, blank=True)
    bandwidth_is_upper_limit = models.BooleanField("the bandwidth is an upper limit", default=False)
    bandwidth_basis = models.CharField(max_length=300, blank=True)
    fp32_flops_per_s = _rate("FP32 (FLOP/s, vector)")
    fp16_flops_per_s = _rate("FP16 (FLOP/s, dense, FP32 accumulate)")
    bf16_flops_per_s = _rate("BF16 (FLOP/s, dense)")
    fp8_flops_per_s = _rate("FP8 (FLOP/s, dense)")
    int8_ops_per_s = _rate("INT8 (op/s, dense)")
    fp4_flops_per_s = _rate("FP4 (FLOP/s, dense)")
    npu_ops_per_s = _rate("NPU (op/s, as the vendor counts)")
    interconnect = models.CharField(max_length=200, blank=True)
    pcie_bytes_per_s = models.FloatField("link to the host (bytes/s per direction)", null=True, blank=True)
    tdp_w = models.FloatField("power (W)", null=True, blank=True)
    launch_price_usd = models.FloatField("launch price (USD)", null=True, blank=True)
    carried_by = models.CharField(max_length=300, blank=True, help_text="Products that carry this chip.")

    class Meta(CatalogEntry.Meta):
        constraints = [
            one_of("kind", bounds.DEVICE_KINDS),
            one_of("form_factor", bounds.FORM_FACTORS),
            between("year", bounds.YEAR, "(a year)"),
            between("bandwidth_bytes_per_s", bounds.BANDWIDTH_BYTES_PER_S, "bytes/s"),
            between("pcie_bytes_per_s", bounds.LINK_BYTES_PER_S, "bytes/s"),
            between("tdp_w", bounds.POWER_W, "W"),
            between("launch_price_usd", bounds.PRICE_USD, "USD"),
            *(between(field, bounds.OPS_PER_S, "per second") for field in RATE_FIELDS),
            models.CheckConstraint(
                condition=models.Q(bandwidth_is_upper_limit=False)
                | models.Q(bandwidth_bytes_per_s__isnull=False),
                name="%(class)s_upper_limit_has_bandwidth",
                violation_error_message="An unknown bandwidth cannot be an upper limit.",
            ),
        ]


class DeviceMemoryOption(models.Model):
    """One memory size that a device is sold with, in the vendor's GB (each 2**30 bytes of DRAM)."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="memory_options")
    memory_gb = models.FloatField("memory (GB)")

    class Meta:
        ordering = ["memory_gb"]
        constraints = [
            between("memory_gb", bounds.MEMORY_GB, "GB", optional=False),
            models.UniqueConstraint(
                fields=["device", "memory_gb"],
                name="%(class)s_once",
                violation_error_message="This device already has that memory size.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.memory_gb:g} GB"


class FigureNote(models.Model):
    """What a reader must know of one figure: a disagreement, a derivation, an upper limit, no check."""

    FIELDS = (
        "architecture",
        "year",
        "memory_options_gb",
        "memory_type",
        "bandwidth_bytes_per_s",
        *RATE_FIELDS,
        "interconnect",
        "pcie_bytes_per_s",
        "tdp_w",
        "launch_price_usd",
    )

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="figure_notes")
    field = models.CharField(
        max_length=40, blank=True, choices=as_choices(FIELDS), help_text="Empty: the whole row."
    )
    kind = models.CharField(max_length=20, choices=as_choices(bounds.NOTE_KINDS))
    text = models.CharField(max_length=1000)

    class Meta:
        ordering = ["pk"]
        constraints = [
            one_of("kind", bounds.NOTE_KINDS),
            models.CheckConstraint(
                condition=~models.Q(text=""),
                name="%(class)s_says_something",
                violation_error_message="A note needs a text.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field or 'row'}: {self.kind}"
