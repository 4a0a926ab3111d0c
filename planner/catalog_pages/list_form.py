"""The form above a list: search, filters, order and page, from an address that can be shared."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from planner.catalog_pages.lists import Bound, Choice, Filter, Holds, Kind
from planner.plans.fields import CONTROL, QuantityField, TextField
from planner.snapshot import Snapshot

MOST_PAGES = 100_000
MOST_TOLD = 5  # unknown parameters that are told one by one

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as it is shown."""

    name: str
    label: str
    value: str
    errors: tuple[str, ...]
    options: SafeString  # "": a field to type in
    inputmode: str
    example: str


class WordField(forms.ChoiceField):
    """One of the words that entries have, or any of them."""

    default_error_messages = {
        "invalid_choice": "Nothing here is called that. Choose from the list, or leave it open."
    }

    def __init__(self, *, label: str, words: Choices) -> None:
        super().__init__(label=label, required=False, choices=words)
        self.words = words


class ListForm(forms.Form):
    """What a person wants to see of a list. After ``is_valid()``, ``wanted`` holds the filters that are set."""

    use_required_attribute = False

    q = TextField(label="Search")
    page = QuantityField(label="Page", most=MOST_PAGES, whole=True, example="2")

    def __init__(self, kind: Kind[Any], snapshot: Snapshot, data: QueryDict) -> None:
        super().__init__(data=data, auto_id="%s", label_suffix="")
        self.kind = kind
        self.snapshot = snapshot
        for item in kind.filters:
            self.fields[item.key] = _field(item, kind, snapshot)
        usual = "Best match" if data.get("q") else kind.usual_order.capitalize()
        self.fields["sort"] = WordField(label="Order", words=(("", usual), *kind.sorts.items()))

    def clean(self) -> dict[str, Any]:
        """Refuse what the address says twice, or what is no part of a list; nothing is dropped in silence."""
        for name in [name for name in self.data if name not in self.fields][:MOST_TOLD]:
            shown = CONTROL.sub("\N{REPLACEMENT CHARACTER}", name[:60])
            near = difflib.get_close_matches(name, self.fields, n=1)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            self.add_error(
                None, f"The address asks for “{shown}”, by which this list cannot be filtered.{hint}"
            )
        for name in self.fields:
            if isinstance(self.data, QueryDict) and len(self.data.getlist(name)) > 1:
                self.add_error(name, "The address says this more than once. Keep one.")
        for item in self.kind.filters:
            if isinstance(item, Holds):
                slug = self.cleaned_data.get(item.key)
                if slug and item.name_of(self.snapshot, slug) is None:
                    self.add_error(item.key, "The catalog has no such entry.")
        return self.cleaned_data

    @property
    def wanted(self) -> dict[str, Any]:
        """Values of the filters that are set, by their keys."""
        return {
            item.key: self.cleaned_data[item.key]
            for item in self.kind.filters
            if self.cleaned_data[item.key] not in (None, "")
        }

    @property
    def held(self) -> list[tuple[str, str, str]]:
        """Filters that were reached by a link: label, name of the entry, and the address without the filter."""
        found = []
        for item in self.kind.filters:
            if isinstance(item, Holds) and (slug := self.cleaned_data.get(item.key)):
                name = item.name_of(self.snapshot, slug) or slug
                found.append((item.label, name, self.query(**{item.key: "", "page": ""})))
        return found

    def query(self, **changed: str) -> str:
        """The query string of what is asked, some of it said otherwise; "" where nothing is asked."""
        said = {name: CONTROL.sub("", self.data.get(name) or "").strip() for name in self.fields} | changed
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def main(self) -> list[FieldView]:
        """Fields always in sight: the search, what most people filter by, the order."""
        return [
            self.view("q", self.kind.placeholder),
            *(self.filter_view(item) for item in self.kind.filters if _is_main(item)),
            self.view("sort"),
        ]

    @property
    def more(self) -> list[FieldView]:
        """Fields under "more filters"."""
        return [
            self.filter_view(item)
            for item in self.kind.filters
            if not _is_main(item) and not isinstance(item, Holds)
        ]

    @property
    def more_open(self) -> bool:
        return any(field.value or field.errors for field in self.more)

    @property
    def hidden(self) -> list[FieldView]:
        """Filters that only links set, where they are set."""
        found = [self.view(item.key) for item in self.kind.filters if isinstance(item, Holds)]
        return [field for field in found if field.value]

    def filter_view(self, item: Filter) -> FieldView:
        """The field of a filter."""
        return self.view(item.key, item.example if isinstance(item, Bound) else "")

    def view(self, name: str, example: str = "") -> FieldView:
        """One field as it is shown: what was typed or chosen in it, and what is wrong with that."""
        field = self.fields[name]
        value = CONTROL.sub("\N{REPLACEMENT CHARACTER}", self.data.get(name) or "")
        errors = tuple(str(text) for text in self.errors.get(name, ()))
        mode, listed = "", SafeString("")
        if isinstance(field, WordField):
            listed = _options(field.words, value)
        elif isinstance(field, QuantityField):
            mode = "text" if field.tokens else "numeric" if field.whole else "decimal"
        return FieldView(name, str(field.label), value, errors, listed, mode, example)

    @property
    def reasons(self) -> list[tuple[str, str, str]]:
        """What is wrong: the name of the field in sight, its label and the reason; "" where there is none."""
        in_sight = {field.name for field in (*self.main, *self.more)}
        found = []
        for name, errors in self.errors.items():
            label = str(self.fields[name].label) if name in self.fields else ""
            found += [(name if name in in_sight else "", label, str(text)) for text in errors]
        return found


def _is_main(item: Filter) -> bool:
    return not isinstance(item, Holds) and item.is_main


def _field(item: Filter, kind: Kind[Any], snapshot: Snapshot) -> forms.Field:
    """The form field of a filter."""
    if isinstance(item, Choice):
        words = item.options(kind.lines(snapshot).values())
        return WordField(label=item.label, words=(("", "any"), *words))
    if isinstance(item, Bound):
        return QuantityField(
            label=item.label,
            most=item.most,
            least=0,
            whole=item.is_whole,
            tokens=item.is_tokens,
            example=item.example,
        )
    return TextField(label=item.label)


@lru_cache(maxsize=128)
def _options(choices: Choices, chosen: str) -> SafeString:
    """The ``<option>`` elements of a list of words; a chosen one that is none of them stands among them."""
    if not any(value == chosen for value, _ in choices):
        choices = (*choices, (chosen, chosen))
    selected = SafeString(" selected")
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, selected if value == chosen else "", name) for value, name in choices),
    )
