"""Several numbers in one field: "4096, 32k, 128K"."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError

from planner.plans.fields import QuantityField
from planner.sweeps.definition import MOST_NUMBERS

SEPARATORS = re.compile(r"[,;\s\u00a0\u2009\u202f]+")
# 8,192 may be one number or two; only for people who write a space after each comma is it clear.
THOUSANDS = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])")


class NumbersField(QuantityField):
    """Whole numbers between two bounds, separated by commas or spaces, each once and in order.

    The cleaned value is a tuple; it is empty where the field is.
    """

    def to_python(self, value: Any) -> Any:
        text = "" if value in self.empty_values else str(value).strip()
        if self.tokens and (unclear := THOUSANDS.search(text)):
            apart = unclear.group().replace(",", ", ")
            raise ValidationError(
                f"Is {unclear.group()} one number, or several? Write {unclear.group().replace(',', '')} or {apart}.",
                code="unclear",
            )
        pieces = [piece for piece in SEPARATORS.split(text) if piece]
        if len(pieces) > MOST_NUMBERS:
            raise ValidationError(
                f"These are {len(pieces)} numbers; at most {MOST_NUMBERS} are taken.", code="many"
            )
        found = set()
        for piece in pieces:
            try:
                number = self.parse(piece)
                self.check_bounds(number)
            except ValidationError as error:
                raise self._about(piece, error) from None
            found.add(int(number))
        return tuple(sorted(found))

    def _about(self, piece: str, error: ValidationError) -> ValidationError:
        """Say of which of the numbers it is."""
        shown = f"{piece[:40]}…" if len(piece) > 40 else piece
        return ValidationError(f"“{shown}”: {error.messages[0]}", code=error.code)
