"""Links that export all plans of a sweep, or those that the table finds."""

from __future__ import annotations

from django.urls import reverse

from planner.sweeps.models import Sweep
from planner.sweeps.views.rows_form import RowsForm

# What ``format`` says in the address, and what the file is. Said a second time, ``format`` is the weight format.
FORMATS = (("csv", "CSV"), ("jsonl", "JSON lines"), ("parquet", "Parquet"), ("md", "Markdown"))


def export_links(sweep: Sweep, form: RowsForm) -> list[tuple[str, str]]:
    """Words and address of each format, for the plans that the form finds, in its order."""
    address = reverse("sweeps:export", args=[sweep.pk])
    narrowed = form.query(cursor="") if form.is_valid() else ""
    return [(words, f"{address}?format={name}{'&' if narrowed else ''}{narrowed}") for name, words in FORMATS]
