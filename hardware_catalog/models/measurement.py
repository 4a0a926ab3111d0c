"""Measurements: what somebody measured, as the source states it, and what became of it here."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from hardware_catalog import bounds
from hardware_catalog.measured import METRICS, ORIGINS, OUTCOME_WORDS, OUTCOMES, SHIPPED
from hardware_catalog.models.base import Shipped, slug_format
from hardware_catalog.models.constraints import as_choices, between, one_of
from hardware_catalog.models.devices import Device
from hardware_catalog.models.formats import WeightFormat
from hardware_catalog.models.history import Records
from hardware_catalog.models.language_models import LanguageModel
from hardware_catalog.models.runtimes import Runtime

# Fields that hold what became of a measurement.
DERIVED = (
    "device",
    "language_model",
    "weight_format",
    "runtime",
    "backend",
    "year",
    "outcome",
    "outcome_reason",
    "rule",
    "flags",
)

iso_date = RegexValidator(r"^\d{4}(-\d{2}(-\d{2})?)?$", "Write a date as 2026, 2026-05 or 2026-05-18.")


def _text(name: str, length: int = 200) -> models.CharField:
    return models.CharField(name, max_length=length, blank=True)


def _count(name: str) -> models.PositiveIntegerField:
    return models.PositiveIntegerField(name, null=True, blank=True)


def _figure(name: str) -> models.FloatField:
    return models.FloatField(name, null=True, blank=True)


class Measurement(Shipped):
    """One published or own observation. Texts are the source's own words; NULL and "" are not stated.

    The links to entries, ``outcome``, ``rule`` and ``flags`` follow from the texts, the catalog and the rules of
    :mod:`hardware_catalog.trust`: ``hardware_catalog.outcomes`` derives them, at every load and after every edit.
    """

    slug = models.CharField("id", max_length=120, unique=True, validators=[slug_format])
    origin = models.CharField(max_length=10, choices=as_choices(ORIGINS), default=SHIPPED)

    # What was measured, as the source writes it.
    device_text = models.CharField("device", max_length=200, blank=True)
    device_count = _count("devices")
    device_memory_gb = _figure("memory of one device (GB)")
    device_bandwidth_gb_per_s = _figure("memory bandwidth (GB/s)")
    model_text = models.CharField("model", max_length=200)
    model_params_b = _figure("parameters (10⁹)")
    active_params_b = _figure("active parameters (10⁹)")
    format_text = _text("weight format")
    model_size_gib = _figure("size of the weights (GiB)")
    runtime_text = _text("runtime")
    runtime_version = _text("runtime's version")
    backend_text = _text("backend")
    parallelism = _text("parallelism", 40)

    # The workload.
    batch = _count("sequences at a time")
    prompt_tokens = _count("prompt (tokens)")
    ctx_depth = _count("tokens in the cache before")
    output_tokens = _count("output (tokens)")
    settings = models.JSONField(
        default=dict,
        blank=True,
        help_text="Further settings of the run, by their column of manage.py predict: kv_type, n_ubatch, …",
    )

    # The observation.
    metric = models.CharField(max_length=24, choices=as_choices(METRICS))
    value = models.FloatField()
    stddev = _figure("standard deviation")

    # Where it stands.
    source_url = models.URLField("source", max_length=600, blank=True)
    source_date = models.CharField("date", max_length=10, blank=True, validators=[iso_date])
    source_family = models.CharField(
        max_length=160,
        blank=True,
        db_index=True,
        help_text="One tester: GitHub owner/repository, or the host.",
    )
    notes = models.TextField(blank=True)

    # What became of it: derived, never typed in.
    device = models.ForeignKey(
        Device, models.SET_NULL, null=True, blank=True, editable=False, related_name="measurements"
    )
    language_model = models.ForeignKey(
        LanguageModel, models.SET_NULL, null=True, blank=True, editable=False, related_name="measurements"
    )
    weight_format = models.ForeignKey(
        WeightFormat, models.SET_NULL, null=True, blank=True, editable=False, related_name="measurements"
    )
    runtime = models.ForeignKey(
        Runtime, models.SET_NULL, null=True, blank=True, editable=False, related_name="measurements"
    )
    backend = models.CharField("backend known", max_length=40, blank=True, editable=False)
    year = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    outcome = models.CharField(
        max_length=16, choices=[(word, OUTCOME_WORDS[word]) for word in OUTCOMES], editable=False
    )
    outcome_reason = models.CharField(max_length=1000, blank=True, editable=False)
    rule = models.CharField(
        max_length=40,
        blank=True,
        editable=False,
        help_text="The rule of hardware_catalog.trust that keeps the row out of the single-stream fit.",
    )
    flags = models.JSONField(default=dict, blank=True, editable=False, help_text="Reasons by flag.")

    is_local = models.BooleanField(
        "kept here",
        default=False,
        help_text="Corrected here: load_catalog leaves this row alone. "
        "Untick it to take the shipped row back at the next load.",
    )
    withdrawn = models.BooleanField(
        default=False, help_text="No longer in the shipped file: not shown, not used."
    )

    # What follows from the texts is derived again whenever they are put back.
    history = Records(excluded_fields=["shipped_digest", *DERIVED])

    class Meta:
        ordering = ["slug"]
        indexes = [
            models.Index(fields=["outcome", "metric"], name="measurement_outcome"),
            models.Index(fields=["metric", "value"], name="measurement_value"),
            models.Index(fields=["source_date"], name="measurement_date"),
            models.Index(fields=["year"], name="measurement_year"),
            models.Index(fields=["backend"], name="measurement_backend"),
            models.Index(fields=["device", "language_model"], name="measurement_set_up"),
        ]
        constraints = [
            one_of("origin", ORIGINS),
            one_of("metric", METRICS),
            one_of("outcome", OUTCOMES),
            between("device_count", bounds.DEVICE_COUNT, "devices"),
            models.CheckConstraint(
                condition=models.Q(value__gt=0),
                name="%(class)s_value_positive",
                violation_error_message="The value must be more than 0.",
            ),
        ]

    def __str__(self) -> str:
        return self.slug
