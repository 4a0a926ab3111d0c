"""Form fields and widgets of the catalog's admin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from hardware_catalog.written import Written


class FigureField(forms.Field):
    """A figure that people write in GB/s or TFLOPS and the database keeps in SI units."""

    def __init__(self, figure: Written, **options: Any) -> None:
        self.figure = figure
        label = f"{figure.label[0].upper()}{figure.label[1:]} ({figure.unit})"
        super().__init__(required=False, label=label, help_text="Empty: unknown.", **options)

    def prepare_value(self, value: Any) -> Any:
        # A float comes from the database; text is what the person typed, shown again after an error.
        return f"{value / self.figure.scale:.12g}" if isinstance(value, float) else value

    def to_python(self, value: Any) -> float | None:
        if value in self.empty_values:
            return None
        try:
            number = float(value) * self.figure.scale
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValidationError("Enter a number, or leave it empty when no source states it.")
        low, high = self.figure.bounds
        if not low <= number <= high:
            raise ValidationError(
                f"{self.figure.label.capitalize()} must be {self.figure.said_bounds()}; "
                "leave it empty when no source states it."
            )
        # through the shortest decimal, so that 68.25 GB/s is exactly 68,250,000,000 bytes/s
        return float(round(number)) if self.figure.scale > 1 else number

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class KnownAutocomplete(AutocompleteSelect):
    """An autocomplete that shows its chosen entry without asking the database again."""

    known: tuple[str, str] | None = None  # primary key and label of the entry that the row already loaded

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> list[Any]:
        if self.known is None or list(value) != [self.known[0]]:
            return super().optgroups(name, value, attr)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        options.append(self.create_option(name, self.known[0], self.known[1], True, len(options)))
        return [(None, options, 0)]


class KnownChoicesForm(forms.ModelForm):
    """A form of a row whose related entries came with it: none is looked up again to be shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = getattr(field.widget, "widget", field.widget)
            key = getattr(self.instance, f"{name}_id", None)
            if isinstance(widget, AutocompleteSelect) and key is not None:
                widget.__class__ = KnownAutocomplete
                widget.known = (str(key), str(getattr(self.instance, name)))  # type: ignore[attr-defined]
