"""Bodies that hold many rows: a JSON list or a CSV, as texts by column."""

from __future__ import annotations

from typing import Any

from rest_framework.parsers import BaseParser

from planner.api.parsers import read_body, read_json

MOST_BYTES = 8 * 2**20


class JsonListParser(BaseParser):
    """application/json with a list of objects."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return read_json(read_body(stream, parser_context, MOST_BYTES))


class CsvParser(BaseParser):
    """text/csv, as it stands."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> bytes:
        return read_body(stream, parser_context, MOST_BYTES)
