"""Which format an answer has: ``?format=`` before ``Accept``; an unknown one is refused and the others are named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from planner.api.problems import Problem, unknown

PARAMETER = "format"


class Negotiation(DefaultContentNegotiation):
    """The framework's, but for formats that are not known."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """The renderer with its media type. Raises a 400 for an unknown format, NotAcceptable for such an Accept."""
        renderers = list(renderers)
        wanted = request.query_params.get(PARAMETER, "")
        if not wanted:
            return super().select_renderer(request, renderers, format_suffix)
        for renderer in renderers:
            if renderer.format == wanted:
                return renderer, renderer.media_type
        reason = unknown(wanted, [str(renderer.format) for renderer in renderers], "format of this answer")
        raise Problem("bad-parameter", reason, [{"detail": reason, "parameter": PARAMETER}])
