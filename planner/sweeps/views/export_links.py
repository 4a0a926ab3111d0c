"""Links that export all plans of a sweep, or those that the table finds."""

from __future__ import annotations

from django.urls import reverse

from planner.exports.formats import FORMATS
from planner.sweeps.models import Sweep
from planner.sweeps.views.rows_form import RowsForm


def export_links(sweep: Sweep, form: RowsForm) -> list[tuple[str, str]]:
    """Words and address of each format, for the plans that the form finds, in its order.

    ``format`` is the file's in these addresses; said a second time, it is the weights'.
    """
    address = reverse("sweeps:export", args=[sweep.pk])
    narrowed = form.query(cursor="") if form.is_valid() else ""
    more = f"&{narrowed}" if narrowed else ""
    return [(found.words, f"{address}?format={found.key}{more}") for found in FORMATS.values()]
