"""One cell of a table: how a value is written, and how it is read, with what may stand there where it is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from django.db import models
from import_export.fields import Field
from import_export.widgets import Widget

from hardware_catalog.written import Written

SEPARATOR = " | "
LEAVE_EMPTY = "leave it empty when no source states it"
YES, NO = ("true", "yes", "1"), ("false", "no", "0")


class Cell(Widget):  # type: ignore[misc]
    """A text; ValueError where it cannot stand there."""

    def __init__(self, most: int | None = None, needed: bool = False) -> None:
        super().__init__()
        self.most = most
        self.needed = needed

    def clean(self, value: Any, row: Any = None, **options: Any) -> Any:
        text = "" if value is None else str(value)
        if self.needed and not text.strip():
            raise ValueError("is needed")
        if self.most is not None and len(text) > self.most:
            raise ValueError(f"has {len(text)} characters, of which at most {self.most} fit")
        return self.read(text)

    def read(self, text: str) -> Any:
        """The value of a text."""
        return text

    def render(self, value: Any, obj: Any = None, **options: Any) -> str:
        return "" if value is None else self.write(value)

    def write(self, value: Any) -> str:
        """The text of a value."""
        return str(value)


class Number(Cell):
    """A figure, unknown where the cell is empty."""

    def __init__(
        self, bounds: tuple[float, float], unit: str = "", *, scale: float = 1.0, whole: bool = False
    ) -> None:
        super().__init__()
        self.bounds, self.unit, self.scale, self.whole = bounds, unit, scale, whole

    @classmethod
    def of(cls, figure: Written) -> Number:
        """In the unit in which people write the figure."""
        return cls(figure.bounds, figure.unit, scale=figure.scale)

    def read(self, text: str) -> float | int | None:
        text = text.strip()
        if not text:
            return None
        try:
            number = float(text) * self.scale
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"is no number: write digits with a point, or {LEAVE_EMPTY} (got {text!r})")
        if self.whole and not number.is_integer():
            raise ValueError(f"must be a whole number (got {text!r})")
        low, high = self.bounds
        if not low <= number <= high:
            between = f"{low / self.scale:,.15g} and {high / self.scale:,.15g} {self.unit}".strip()
            raise ValueError(f"must be between {between}; {LEAVE_EMPTY} (got {text!r})")
        if self.whole:
            return int(number)
        # through the shortest decimal, so that 68.25 GB/s is exactly 68,250,000,000 bytes/s
        return float(round(number)) if self.scale > 1 else number

    def write(self, value: Any) -> str:
        return f"{value / self.scale:.12g}" if self.scale > 1 else f"{value:.15g}"


class Flag(Cell):
    """Yes or no."""

    def read(self, text: str) -> bool:
        word = text.strip().lower()
        if word in YES or word in NO:
            return word in YES
        raise ValueError(f"must be true or false (got {text!r})")

    def write(self, value: Any) -> str:
        return "true" if value else "false"


class Word(Cell):
    """One of known words."""

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__()
        self.words = tuple(words)

    def read(self, text: str) -> str:
        word = text.strip()
        if word not in self.words:
            known = ", ".join(word or "(empty)" for word in self.words)
            raise ValueError(f"must be one of: {known} (got {text!r})")
        return word


class Named(Cell):
    """Another object of the catalog, by its slug or name."""

    def __init__(self, model: type[models.Model], by: str, what: str, *, needed: bool = True) -> None:
        super().__init__()
        self.model, self.by, self.what, self.optional = model, by, what, not needed
        self._known: dict[str, Any] | None = None

    def forget(self) -> None:
        """Read the objects anew when the next cell is read."""
        self._known = None

    def read(self, text: str) -> Any:
        name = text.strip()
        if not name and self.optional:
            return None
        if self._known is None:
            self._known = {getattr(found, self.by): found for found in self.model._default_manager.all()}
        if name not in self._known:
            close = get_close_matches(name, self._known, n=3, cutoff=0.6)
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            raise ValueError(f"the catalog has no {self.what} {name!r}{meant}")
        return self._known[name]

    def write(self, value: Any) -> str:
        return str(getattr(value, self.by))


class Listed(Cell):
    """Several texts."""

    def __init__(self, what: str, most: int, *, needed: bool = False) -> None:
        super().__init__()
        self.what, self.most_each, self.at_least_one = what, most, needed

    def read(self, text: str) -> list[str]:
        items = [item.strip() for item in text.split(SEPARATOR) if item.strip()]
        if self.at_least_one and not items:
            raise ValueError(f"name at least one {self.what}")
        for item in items:
            if len(item) > self.most_each:
                raise ValueError(f"a {self.what} may have at most {self.most_each} characters: {item[:40]}…")
        if len(set(items)) < len(items):
            twice = next(item for item in items if items.count(item) > 1)
            raise ValueError(f"{twice!r} stands there twice")
        return items

    def write(self, value: Any) -> str:
        return SEPARATOR.join(value)


class Numbers(Cell):
    """Several figures that rise, such as the memory sizes that a device is sold with."""

    def __init__(self, each: Number) -> None:
        super().__init__()
        self.each = each

    def read(self, text: str) -> list[float]:
        found = [float(self.each.read(part) or 0) for part in text.split("|") if part.strip()]
        if found != sorted(set(found)):
            raise ValueError(f"the sizes must rise and not repeat (got {text!r})")
        return found

    def write(self, value: Any) -> str:
        return "|".join(self.each.write(size) for size in value)


class Json(Cell):
    """An object or a list, as JSON; ``check`` says what is wrong with one that can be read, "" for nothing."""

    def __init__(
        self, kind: type, check: Callable[[Any], str] = lambda value: "", *, optional: bool = False
    ) -> None:
        super().__init__()
        self.kind, self.check, self.optional = kind, check, optional

    def read(self, text: str) -> Any:
        if not text.strip():
            return None if self.optional else self.kind()
        try:
            value = json.loads(text, parse_constant=_no_number)
        except ValueError as error:
            raise ValueError(f"is no JSON: {error}") from None
        if not isinstance(value, self.kind):
            raise ValueError(f"must be one JSON {'object' if self.kind is dict else 'list'}")
        if problem := self.check(value):
            raise ValueError(problem)
        return value

    def write(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False) if value or isinstance(value, dict) else ""


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


class Owned(Field):  # type: ignore[misc]
    """A column of what belongs to an entry: it lies beside the instance until the instance is saved."""

    def get_value(self, instance: Any) -> Any:
        owned: Mapping[str, Any] = getattr(instance, "owned", {})
        return owned.get(self.attribute)

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **options: Any) -> None:
        instance.owned = instance.owned | {self.attribute: self.clean(row, **options)}
