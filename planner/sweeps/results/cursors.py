"""A place in a sorted table, as addresses carry it: the sorted figure and the number of the plan beside it."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass

MOST_CHARACTERS = 400
_MOST = 2**63 - 1


class CursorError(Exception):
    """A cursor that is none of this table; the text is for the person."""

    def __init__(self, text: str = "This is no place in the table. Start at its beginning.") -> None:
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The plan that a page begins after, or (not ``forward``) ends before."""

    sort: str  # of the table that it is a place in
    forward: bool
    key: float | None  # what the plan is sorted by; None: unknown
    plan: int
    span: float  # how far apart the keys of the page before were: what the next ones may be
    before: (
        int  # plans before the page (not ``forward``: before the one that follows it), as counted on the way
    )

    def text(self) -> str:
        """As an address carries it."""
        told = [self.sort, int(self.forward), self.key, self.plan, self.span, self.before]
        written = json.dumps(told, separators=(",", ":"), allow_nan=False)
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def read_cursor(text: str, sort: str) -> Cursor:
    """The cursor that an address carries, of a table sorted so. Raises ``CursorError``."""
    if len(text) > MOST_CHARACTERS:
        raise CursorError
    try:
        told = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise CursorError from error
    if not isinstance(told, list) or len(told) != 6:
        raise CursorError
    found, forward, key, plan, span, before = told
    numbers = all(_is_number(value) for value in (plan, span, before, *([] if key is None else [key])))
    if not (isinstance(found, str) and forward in (0, 1) and numbers):
        raise CursorError
    if not (isinstance(plan, int) and isinstance(before, int) and plan >= 0 and before >= 0 and span >= 0):
        raise CursorError
    if found != sort:
        raise CursorError("This place belongs to the table in another order. Start at its beginning.")
    return Cursor(found, bool(forward), key, plan, float(span), before)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) <= _MOST
