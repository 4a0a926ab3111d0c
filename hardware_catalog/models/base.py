"""What all entries of the catalog share: vendors, sources, versions, and the abstract entry."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from hardware_catalog.models.history import EntryRecords, Records

slug_format = RegexValidator(
    r"^[a-z0-9]+([-_][a-z0-9]+)*$", "A slug is lower-case letters and digits, joined by single hyphens."
)


class Shipped(models.Model):
    """A row that the shipped files may hold: it remembers which of their rows it was compared with last.

    The digest is that of the shipped row which was loaded, or which somebody decided not to load. A row whose content
    has another digest was edited here; a shipped row that has another one is news. NULL where neither is known.
    """

    # NULL, not "": SQLite then adds the column without writing every table anew
    shipped_digest = models.CharField(max_length=32, null=True, blank=True, editable=False)  # noqa: DJ001

    class Meta:
        abstract = True


class Vendor(models.Model):
    """A maker of devices or of language models."""

    name = models.CharField(max_length=200, unique=True)

    history = Records()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Source(Shipped):
    """A citation: where figures come from, under which licence, and whether a reader can check it."""

    citation = models.CharField(max_length=600, unique=True, help_text="The citation as entries write it.")
    title = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=600, blank=True)
    licence = models.CharField(
        max_length=120, blank=True, help_text="Empty: the site states none that we know of."
    )
    licence_note = models.TextField(blank=True)
    verified = models.BooleanField(
        default=True, help_text="Off: nobody can check it, or the site is known to be unreliable."
    )

    history = Records(excluded_fields=["shipped_digest"])

    class Meta:
        ordering = ["citation"]

    def __str__(self) -> str:
        return self.citation


class CatalogEntry(Shipped):
    """A named thing of the catalog that plans refer to by its slug.

    Entries that leave the shipped files are marked withdrawn, never deleted: a plan may still name them.
    """

    slug = models.CharField(max_length=120, unique=True, validators=[slug_format])
    name = models.CharField(max_length=200)
    notes = models.TextField(blank=True)
    is_local = models.BooleanField(
        "kept here",
        default=False,
        help_text="Added or corrected here: load_catalog leaves this entry alone. "
        "Untick it to take the shipped entry back at the next load.",
    )
    withdrawn = models.BooleanField(
        default=False,
        help_text="No longer in the shipped files: not offered, but still answered where named.",
    )

    history = EntryRecords()

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CatalogVersion(models.Model):
    """One load of the shipped files that changed something."""

    data_sha256 = models.CharField("SHA-256 of the data files", max_length=64)
    outcomes_sha256 = models.CharField(
        "SHA-256 of what the outcomes of measurements follow from", max_length=64, blank=True
    )
    loaded_at = models.DateTimeField(auto_now_add=True)
    counts = models.JSONField(help_text="Created, updated, unchanged, withdrawn and kept entries by kind.")

    class Meta:
        ordering = ["-loaded_at"]
        get_latest_by = "loaded_at"

    def __str__(self) -> str:
        return f"{self.loaded_at:%Y-%m-%d %H:%M} {self.data_sha256[:12]}"
