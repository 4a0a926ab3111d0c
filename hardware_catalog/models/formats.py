"""How weights and KV caches are stored: block types, weight formats, KV formats."""

from __future__ import annotations

from django.db import models
from django.db.models import F

from hardware_catalog import bounds
from hardware_catalog.models.base import CatalogEntry, Shipped
from hardware_catalog.models.constraints import between, positive_up_to
from hardware_catalog.models.history import Records


class BlockType(Shipped):
    """So many elements in so many bytes, e.g. Q4_K: 256 in 144."""

    name = models.CharField(max_length=40, unique=True)
    elements = models.PositiveIntegerField("elements per block")
    bytes = models.FloatField("bytes per block")
    sources = models.JSONField(default=list, help_text="Citations.")
    notes = models.TextField(blank=True)

    history = Records(excluded_fields=["shipped_digest"])

    class Meta:
        ordering = ["name"]
        constraints = [
            between("elements", bounds.BLOCK_ELEMENTS, "elements", optional=False),
            models.CheckConstraint(
                condition=models.Q(bytes__gt=0, bytes__lte=F("elements") * (bounds.BITS_PER_ELEMENT_MAX / 8)),
                name="%(class)s_bits_per_element",
                violation_error_message="A block must take more than 0 and at most 64 bits per element.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def bits_per_element(self) -> float:
        return self.bytes * 8 / self.elements


class WeightFormat(CatalogEntry):
    """A weight format: rules over block types that give the bits of every tensor class."""

    family = models.CharField(max_length=40)
    speed_family = models.CharField(max_length=40, help_text="Formats whose kernels behave alike.")
    rules = models.JSONField()
    nominal_bits_per_weight = models.FloatField(null=True, blank=True)

    class Meta(CatalogEntry.Meta):
        constraints = [
            positive_up_to("nominal_bits_per_weight", bounds.BITS_PER_ELEMENT_MAX, "bits", optional=True),
        ]


class KvFormat(CatalogEntry):
    """How the KV cache is stored."""

    bits_per_element = models.FloatField()

    class Meta(CatalogEntry.Meta):
        constraints = [positive_up_to("bits_per_element", bounds.BITS_PER_ELEMENT_MAX, "bits")]
