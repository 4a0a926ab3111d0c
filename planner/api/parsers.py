"""JSON as it comes in: strict, of a bounded size, each name once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from rest_framework.parsers import BaseParser

from planner.api.problems import Problem, shortened

MOST_BYTES = 64 * 1024  # of one question or definition


def read_body(stream: Any, parser_context: Any, most_bytes: int) -> bytes:
    """The body. Raises a 413 for one that is longer."""
    told = parser_context["request"].META.get("CONTENT_LENGTH") or "0"
    length = int(told) if told.isascii() and told.isdigit() else 0
    body: bytes = b"" if length > most_bytes else stream.read(most_bytes + 1)
    if length > most_bytes or len(body) > most_bytes:
        raise Problem("too-large", f"The body may have at most {most_bytes:,} bytes.")
    return body


def read_text(body: bytes) -> str:
    """The body as text. Raises a 400 where it is not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem("bad-body", f"The body is not UTF-8 text (byte {error.start}).") from None


def read_json(body: bytes) -> Any:
    """The JSON value of a body. Raises a 400 that says why it is none."""
    try:
        return json.loads(read_text(body), parse_constant=_refuse_constant, object_pairs_hook=_once_each)
    except RecursionError:
        raise Problem("bad-body", "The body is nested too deeply.") from None
    except ValueError as error:
        raise Problem("bad-body", f"The body is not JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"“{shortened(name)}” stands in an object twice")
        found[name] = value
    return found


class StrictJsonParser(BaseParser):
    """application/json, at most ``MOST_BYTES``."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return read_json(read_body(stream, parser_context, MOST_BYTES))
