"""Measurements of this installation: accepted from visitors, or made by the project itself."""

from __future__ import annotations

from hardware_catalog.measured import ACCEPTED, OWN, row_of
from hardware_catalog.models import Measurement


def accepted_rows() -> list[dict[str, str]]:
    """The rows by id, in the columns of the shipped file."""
    kept = Measurement.objects.filter(origin__in=(ACCEPTED, OWN), withdrawn=False)
    return [row_of(measurement) for measurement in kept.order_by("slug")]
