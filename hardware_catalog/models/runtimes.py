"""Runtimes: programs that run models, and what each runs where."""

from __future__ import annotations

from django.db import models

from hardware_catalog.models.base import CatalogEntry, Source
from hardware_catalog.models.constraints import one_of

EXECUTIONS = ("native", "weight_only", "emulated")


class Runtime(CatalogEntry):
    """A program that runs models; ``kv_rule`` names the engine's memory rules that apply to it."""

    kv_rule = models.CharField(max_length=40)
    backends = models.JSONField(help_text="Names of its backends.")


class RuntimeSupport(models.Model):
    """One rule: on this backend and hardware the runtime runs these formats."""

    runtime = models.ForeignKey(Runtime, on_delete=models.CASCADE, related_name="supports")
    backend = models.CharField(max_length=40)
    hardware = models.JSONField(
        default=dict, blank=True, help_text="Selectors; an empty one matches every device."
    )
    format_families = models.JSONField(default=list, blank=True)
    formats = models.JSONField(default=list, blank=True, help_text="Slugs of further formats.")
    except_formats = models.JSONField(default=list, blank=True, help_text="Slugs that do not run.")
    except_speed_families = models.JSONField(default=list, blank=True)
    kv_formats = models.JSONField(default=list, blank=True)
    execution = models.CharField(
        max_length=20,
        default="native",
        choices=[
            ("native", "native: computed in this format"),
            ("weight_only", "weight only: expanded to 16 bits before computing"),
            ("emulated", "emulated"),
        ],
    )
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="runtime_rules")
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [one_of("execution", EXECUTIONS)]

    def __str__(self) -> str:
        return f"{self.backend}: {', '.join([*self.format_families, *self.formats])}"
