"""Export: the plans that the table finds, as a file that is written while it is sent."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponseBase


def export(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponseBase:
    """To come with planner/exports."""
    raise Http404("exports are still being built")
