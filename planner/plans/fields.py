"""Form fields that say in plain words what is wrong with an input, and take numbers as people write them."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

MOST_CHARACTERS = 400
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

# 8192, 8,192, 8 192, 8'192, 8_192, 12.5, 12,5; groups of three digits are thousands.
GROUPED = re.compile(r"\d{1,3}(?:[,\u00a0\u2009\u202f '’_]\d{3})+(?:\.\d+)?")
PLAIN = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+")
BINARY_SUFFIX = {"k": 2**10, "m": 2**20}


class SharedField(forms.CharField):
    """A field that keeps nothing of what it checks: all forms have the same one, and none copies it."""

    def __deepcopy__(self, memo: dict[int, Any]) -> SharedField:
        return self


class TextField(SharedField):
    """A name typed by a person: one line, no control characters, of a length that a name can have."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, strip=True, **options)
        self.validators = []

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if CONTROL.search(text):
            raise ValidationError(
                "This holds a character that no name has. Type the name again.", code="control"
            )
        if len(text) > MOST_CHARACTERS:
            raise ValidationError("This is too long for a name. Type a few words of it.", code="long")
        return text


class QuantityField(SharedField):
    """A number between two bounds. ``tokens`` also takes binary suffixes: 8k is 8,192.

    The cleaned value is a float, or an int where ``whole``; ``None`` where the field is empty.
    """

    def __init__(
        self,
        *,
        most: float,
        least: float | None = None,
        unit: str = "",
        whole: bool = False,
        tokens: bool = False,
        example: str = "16",
        **options: Any,
    ) -> None:
        self.least, self.most, self.unit = least, most, unit
        self.whole, self.tokens, self.example = whole, tokens, example
        super().__init__(required=False, strip=True, **options)
        self.validators = []

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        if not text:
            return None
        number = self.parse(text)
        self.check_bounds(number)
        return int(number) if self.whole else number

    def parse(self, text: str) -> float:
        """The number in ``text``. A minus sign is understood, so that "-5" is told to be too small."""
        body, factor = text, 1
        if self.tokens and body[-1:].lower() in BINARY_SUFFIX:
            factor, body = BINARY_SUFFIX[body[-1].lower()], body[:-1].rstrip()
        sign = -1 if body[:1] in {"-", "\u2212"} else 1
        body = body[1:] if sign < 0 else body
        if GROUPED.fullmatch(body):
            body = re.sub(r"[^\d.]", "", body)
        elif not (body.isascii() and PLAIN.fullmatch(body)):
            raise ValidationError(f"Write a number here, such as {self.example}.", code="number")
        # float() of any run of digits is finite or inf, and inf is over every bound.
        number = sign * factor * float(body.replace(",", "."))
        if self.whole and number != float("inf") and not float(number).is_integer():
            raise ValidationError(f"Write a whole number here, such as {self.example}.", code="whole")
        return number

    def check_bounds(self, number: float) -> None:
        """Refuse what no machine or question can have, and say the bound."""
        unit = f" {self.unit}" if self.unit else ""
        if self.least is None and number <= 0:
            raise ValidationError(f"This must be more than 0{unit}.", code="low")
        if self.least is not None and number < self.least:
            raise ValidationError(f"This must be at least {self.least:,g}{unit}.", code="low")
        if number > self.most:
            raise ValidationError(f"This can be at most {int(self.most):,}{unit}.", code="high")


class CatalogField(TextField):
    """One of the catalog's short lists (formats, KV formats, runtimes), by slug, name or alias."""

    def __init__(self, *, kind: str, **options: Any) -> None:
        self.kind = kind
        super().__init__(**options)
