"""JSON as it leaves: UTF-8, compact, and never with NaN or infinity, which are no JSON and stand for unknown."""

from __future__ import annotations

import math
from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer

from planner.api import problems


def finite(value: Any) -> Any:
    """The same value with null in the place of every number that is none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value


class JsonRenderer(JSONRenderer):
    """The framework's renderer; only where a number turns out to be none is everything looked through."""

    charset = None
    strict = True

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except ValueError:
            return super().render(finite(data), accepted_media_type, renderer_context)


class ProblemRenderer(JsonRenderer):
    """The body of an error, whatever format was asked for."""

    media_type = problems.MEDIA_TYPE
    format = "json"


class TextRenderer(BaseRenderer):
    """A text that the view has written already."""

    charset: str | None = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data if isinstance(data, bytes) else str(data).encode()


class CsvRenderer(TextRenderer):
    media_type = "text/csv"
    format = "csv"


class MarkdownRenderer(TextRenderer):
    media_type = "text/markdown"
    format = "md"


class JsonLinesRenderer(TextRenderer):
    media_type = "application/jsonl"
    format = "jsonl"
    charset = None
