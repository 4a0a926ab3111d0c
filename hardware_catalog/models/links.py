"""What points to an entry of any kind: other names for it, and the sources of its figures."""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db import models

from hardware_catalog.models.base import Source
from hardware_catalog.models.devices import Device
from hardware_catalog.models.formats import KvFormat, WeightFormat
from hardware_catalog.models.language_models import LanguageModel
from hardware_catalog.models.machines import Machine
from hardware_catalog.models.runtimes import Runtime

# Foreign key on a link, by the kind of entry that it names.
ENTRY_FIELDS = {
    "devices": "device",
    "machines": "machine",
    "models": "language_model",
    "formats": "weight_format",
    "kv_formats": "kv_format",
    "runtimes": "runtime",
}


def _exactly_one() -> models.Q:
    fields = ENTRY_FIELDS.values()
    return reduce(
        or_, (models.Q(**{f"{other}__isnull": other != chosen for other in fields}) for chosen in fields)
    )


def _to(model: type[models.Model], name: str) -> models.ForeignKey[models.Model | None]:
    return models.ForeignKey(model, on_delete=models.CASCADE, null=True, blank=True, related_name=name)


class EntryLink(models.Model):
    """Belongs to exactly one entry, of any kind."""

    device = _to(Device, "%(class)s_set")
    machine = _to(Machine, "%(class)s_set")
    language_model = _to(LanguageModel, "%(class)s_set")
    weight_format = _to(WeightFormat, "%(class)s_set")
    kv_format = _to(KvFormat, "%(class)s_set")
    runtime = _to(Runtime, "%(class)s_set")

    class Meta:
        abstract = True
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=_exactly_one(),
                name="%(class)s_one_entry",
                violation_error_message="Choose one entry: a device, machine, model, format or runtime.",
            )
        ]

    @property
    def entry(self) -> models.Model | None:
        """The entry it belongs to."""
        return next(
            (getattr(self, field) for field in ENTRY_FIELDS.values() if getattr(self, f"{field}_id")), None
        )


class Alias(EntryLink):
    """Another name of an entry; the same text may name several (then it is asked back)."""

    text = models.CharField(max_length=200, db_index=True)

    class Meta(EntryLink.Meta):
        verbose_name_plural = "aliases"
        constraints = [
            *EntryLink.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(text=""),
                name="%(class)s_not_empty",
                violation_error_message="An alias needs a text.",
            ),
            *(
                models.UniqueConstraint(
                    fields=["text", field],
                    name=f"%(class)s_{field}_once",
                    violation_error_message="The entry already has this alias.",
                )
                for field in ENTRY_FIELDS.values()
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Citation(EntryLink):
    """A source of an entry's figures."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="citations")

    class Meta(EntryLink.Meta):
        constraints = [
            *EntryLink.Meta.constraints,
            *(
                models.UniqueConstraint(
                    fields=["source", field],
                    name=f"%(class)s_{field}_once",
                    violation_error_message="The entry already cites this source.",
                )
                for field in ENTRY_FIELDS.values()
            ),
        ]

    def __str__(self) -> str:
        return str(self.source_id)
