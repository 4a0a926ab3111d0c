"""Small forms over the views of a sweep: choices in an address that can be shared; what is wrong is said beside it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from planner.measurements.filters import FieldView
from planner.plans.fields import TextField

MOST_PAGES = 100_000
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Choices = Iterable[tuple[str, str]]


class ViewForm(forms.Form):
    """Every field may be left open. ``value`` of a field that is wrong is its usual one: the page is drawn with it."""

    use_required_attribute = False

    # usual values of what is left open, by name
    usual: Mapping[str, Any] = {}
    # those of which the usual value is never said
    open_when_usual: tuple[str, ...] = ()
    # fields that the address may say more than once
    several: tuple[str, ...] = ()
    # fields in sight, under "more choices", and those that only links set
    shown: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    examples: Mapping[str, str] = {}

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data=data, auto_id="%s", label_suffix="")
        self.said = data
        self.offered: dict[str, list[tuple[str, str]]] = {}

    def offer(
        self,
        name: str,
        choices: Choices,
        usual: str = "",
        nothing: str | None = None,
        *,
        is_open: bool = False,
    ) -> None:
        """What one can choose; ``usual`` is what an open field means, ``nothing`` the words of leaving it open.

        ``is_open``: the usual one is always the same, so that choosing it leaves the field open.
        """
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        every = [*([] if nothing is None else [("", nothing)]), *choices]
        field.choices = [("", ""), *every]
        field.error_messages["invalid_choice"] = "There is no such choice here. Choose from the list."
        self.offered[name] = [("" if is_open and key == usual else key, words) for key, words in every]
        self.usual = {**self.usual, name: usual}
        if is_open:
            self.open_when_usual = (*self.open_when_usual, name)

    def clean(self) -> dict[str, Any]:
        """Refuse what the address says twice, or what this page does not know; nothing is dropped in silence."""
        for name in self.said:
            if name not in self.fields:
                near = difflib.get_close_matches(name, self.fields, n=1)
                hint = f" Did you mean “{near[0]}”?" if near else ""
                shown = CONTROL.sub("\N{REPLACEMENT CHARACTER}", name[:60])
                self.add_error(None, f"The address asks for “{shown}”, which this page does not know.{hint}")
            elif name not in self.several and len(self.said.getlist(name)) > 1:
                self.add_error(name, "The address says this more than once. Keep one.")
        return self.cleaned_data

    def value(self, name: str) -> Any:
        """What is asked, or what is usual where it is left open or wrong. Only after ``is_valid`` was asked."""
        value = self.cleaned_data.get(name) if hasattr(self, "cleaned_data") else None
        return self.usual.get(name) if value in (None, "", []) else value

    def number(self, name: str) -> int | None:
        """The value as a whole number; ``None`` where there is none."""
        value = self.value(name)
        return None if value in (None, "") else int(value)

    def query(self, **changed: str | list[str]) -> str:
        """The query string of what is asked, some of it said otherwise; "" where nothing is."""
        said: dict[str, list[str]] = {
            name: [CONTROL.sub("", text).strip() for text in self.said.getlist(name)] for name in self.fields
        }
        said |= {name: [value] if isinstance(value, str) else value for name, value in changed.items()}
        return urlencode(
            [(name, text) for name, texts in said.items() for text in texts if not self._is_open(name, text)]
        )

    @property
    def is_untidy(self) -> bool:
        """Whether a browser wrote the address from the form, its open fields in it."""
        return any(self._is_open(name, text) for name in self.said for text in self.said.getlist(name))

    def _is_open(self, name: str, text: str) -> bool:
        return not text or (name in self.open_when_usual and text == self.usual[name])

    @property
    def fields_shown(self) -> list[FieldView]:
        """Fields always in sight."""
        return [self.view(name) for name in self.shown]

    @property
    def fields_more(self) -> list[FieldView]:
        """Fields under "more choices"."""
        return [self.view(name) for name in self.more]

    @property
    def more_open(self) -> bool:
        return any(field.value or field.errors for field in self.fields_more)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What only links set, which choosing something else keeps."""
        return [(name, CONTROL.sub("", text)) for name in self.hidden for text in self.said.getlist(name)]

    def view(self, name: str) -> FieldView:
        """One field: what was typed or chosen in it, or is usual, and what is wrong with that."""
        field = self.fields[name]
        said = CONTROL.sub("", self.said.get(name) or "")
        options: tuple[tuple[str, str, bool], ...] = ()
        if name in self.offered:
            chosen = said or str(self.usual.get(name) or "")
            chosen = "" if self._is_open(name, chosen) else chosen
            options = tuple((key, words, key == chosen) for key, words in self.offered[name])
        errors = tuple(str(text) for text in self.errors.get(name, ()))
        return FieldView(name, str(field.label), said, errors, options, self.examples.get(name, ""))

    @property
    def reasons(self) -> list[tuple[str, str, str]]:
        """What is wrong: the field's name, its label and the reason; the first two "" where no field is to blame."""
        found = []
        for name, errors in self.errors.items():
            label = str(self.fields[name].label) if name in self.fields else ""
            found += [(name if label else "", label, str(text)) for text in errors]
        return found


def choice(label: str) -> forms.ChoiceField:
    """A field that is chosen from a list, which the form's maker offers."""
    return forms.ChoiceField(label=label, required=False)


def page_number(label: str) -> forms.IntegerField:
    """A page of something, from 1."""
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=MOST_PAGES,
        error_messages={"invalid": "Write a whole number here, such as 2."},
    )


def search(label: str) -> TextField:
    """Words of a name."""
    return TextField(label=label)
