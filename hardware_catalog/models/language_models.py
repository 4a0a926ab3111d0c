"""Language models: published architectures and totals."""

from __future__ import annotations

from django.db import models
from django.db.models import F

from hardware_catalog import bounds
from hardware_catalog.models.base import CatalogEntry, Vendor
from hardware_catalog.models.constraints import between
from hardware_catalog.models.formats import WeightFormat


class LanguageModel(CatalogEntry):
    """An open-weight architecture with what its maker publishes. NULL is unknown."""

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="language_models")
    family = models.CharField(max_length=200)
    hf_repo = models.CharField("repository", max_length=160)
    config = models.JSONField(help_text="The published configuration, field by field.")
    formula = models.JSONField(
        null=True, blank=True, help_text="Which parameter formula applies; empty: too little is published."
    )
    params_published = models.BigIntegerField("parameters (published)", null=True, blank=True)
    params_published_source = models.CharField(max_length=600, blank=True)
    params_published_note = models.TextField(blank=True)
    params_check = models.CharField(
        max_length=1000, help_text="Why computed and published totals differ, or ok.", default="not computed"
    )
    active_params_published = models.BigIntegerField("active parameters (published)", null=True, blank=True)
    active_params_source = models.CharField(max_length=600, blank=True)
    native_precision = models.CharField(max_length=200)
    native_format = models.ForeignKey(WeightFormat, on_delete=models.PROTECT, related_name="native_models")
    max_context_tokens = models.PositiveIntegerField("longest context (tokens)", null=True, blank=True)
    license = models.CharField("licence", max_length=120, blank=True)
    release_date = models.CharField(max_length=10, blank=True, help_text="YYYY-MM-DD")
    release_date_note = models.CharField(max_length=200, blank=True)

    class Meta(CatalogEntry.Meta):
        constraints = [
            between("params_published", bounds.PARAMETERS, "parameters"),
            between("active_params_published", bounds.PARAMETERS, "parameters"),
            between("max_context_tokens", bounds.CONTEXT_TOKENS, "tokens"),
            models.CheckConstraint(
                condition=models.Q(active_params_published__isnull=True)
                | models.Q(params_published__isnull=True)
                | models.Q(active_params_published__lte=F("params_published")),
                name="%(class)s_active_at_most_total",
                violation_error_message="Active parameters cannot be more than all parameters.",
            ),
        ]
