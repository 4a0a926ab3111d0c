"""The form above the list of measurements: search, filters, order and page, from an address that can be shared."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from hardware_catalog.models import Measurement
from planner.measurements.words import FLAGS, METRICS, OUTCOMES
from planner.snapshot import Snapshot

MOST_PAGES = 100_000
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# what the list is sorted by: the columns, and the words of the choice
ORDERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "-date": (("-source_date", "slug"), "Date, newest first"),
    "date": (("source_date", "slug"), "Date, oldest first"),
    "device": (("device_text", "model_text", "slug"), "Device, A to Z"),
    "-device": (("-device_text", "model_text", "slug"), "Device, Z to A"),
    "model": (("model_text", "device_text", "slug"), "Model, A to Z"),
    "-model": (("-model_text", "device_text", "slug"), "Model, Z to A"),
    "-value": (("metric", "-value", "slug"), "Measured value, most first"),
    "value": (("metric", "value", "slug"), "Measured value, least first"),
}
USUAL_ORDER = "-date"
SEARCHED = (
    *("slug", "device_text", "device__name", "model_text", "language_model__name"),
    *("format_text", "runtime_text", "backend_text", "source_family", "notes"),
)

Choices = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as it is shown; ``options`` is empty where one types."""

    name: str
    label: str
    value: str
    errors: tuple[str, ...]
    options: tuple[tuple[str, str, bool], ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """What the measurements have that one can choose from, by filter."""

    formats: Choices
    runtimes: Choices
    backends: Choices
    years: Choices


class FilterForm(forms.Form):
    """What a person wants to see of the measurements; every field may be left open."""

    use_required_attribute = False

    q = forms.CharField(label="Search", required=False, max_length=200)
    device = forms.CharField(label="Device", required=False, max_length=200)
    model = forms.CharField(label="Model", required=False, max_length=200)
    metric = forms.ChoiceField(label="What was measured", required=False)
    outcome = forms.ChoiceField(label="Outcome", required=False)
    format = forms.ChoiceField(label="Weight format", required=False)
    runtime = forms.ChoiceField(label="Program (runtime)", required=False)
    backend = forms.ChoiceField(label="Backend", required=False)
    year = forms.ChoiceField(label="Year", required=False)
    flag = forms.ChoiceField(label="Remark", required=False)
    family = forms.CharField(label="Source", required=False, max_length=160)
    sort = forms.ChoiceField(label="Order", required=False)
    page = forms.IntegerField(label="Page", required=False, min_value=1, max_value=MOST_PAGES)

    main_names = ("q", "device", "model", "metric", "outcome", "sort")
    more_names = ("format", "runtime", "backend", "year", "flag")
    examples: Mapping[str, str] = {
        "q": "Vulkan Q4_K_M",
        "device": "RTX 4090",
        "model": "Llama 3.1 8B",
    }

    def __init__(self, data: QueryDict, offered: Offered, snapshot: Snapshot) -> None:
        super().__init__(data=data, auto_id="%s", label_suffix="")
        self.snapshot = snapshot
        self.offered: dict[str, list[tuple[str, str]]] = {}
        self._offer("metric", [(key, f"{m.words} ({m.term})") for key, m in METRICS.items()], "any of them")
        self._offer("outcome", OUTCOMES.items(), "any")
        self._offer("format", offered.formats, "any")
        self._offer("runtime", offered.runtimes, "any")
        self._offer("backend", offered.backends, "any")
        self._offer("year", offered.years, "any")
        self._offer("flag", FLAGS.items(), "any or none")
        self._offer("sort", [(key, words) for key, (_, words) in ORDERS.items() if key != USUAL_ORDER])

    def _offer(self, name: str, choices: Choices, nothing: str = ORDERS[USUAL_ORDER][1]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        self.offered[name] = [("", nothing), *choices]
        field.choices = list(self.offered[name])
        field.error_messages["invalid_choice"] = "There is no such choice here. Choose from the list."

    def clean(self) -> dict[str, Any]:
        """Refuse what the address says twice, or what is no filter of this list; nothing is dropped in silence."""
        for name in self.data:
            if name not in self.fields:
                near = difflib.get_close_matches(name, self.fields, n=1)
                hint = f" Did you mean “{near[0]}”?" if near else ""
                shown = CONTROL.sub("\N{REPLACEMENT CHARACTER}", name[:60])
                self.add_error(
                    None, f"The address asks for “{shown}”, by which this list cannot be filtered.{hint}"
                )
            elif isinstance(self.data, QueryDict) and len(self.data.getlist(name)) > 1:
                self.add_error(name, "The address says this more than once. Keep one.")
        return self.cleaned_data

    def select(self) -> QuerySet[Measurement]:
        """The measurements that the form asks for, in its order. Only of a valid form."""
        asked = self.cleaned_data
        found = Measurement.objects.filter(withdrawn=False)
        for name, field in (
            ("metric", "metric"),
            ("outcome", "outcome"),
            ("format", "weight_format__slug"),
            ("runtime", "runtime__slug"),
            ("backend", "backend"),
            ("year", "year"),
            ("family", "source_family"),
        ):
            if asked[name]:
                found = found.filter(**{field: asked[name]})
        if asked["flag"]:
            found = found.filter(flags__has_key=asked["flag"])
        found = found.filter(self._entry("device", self.snapshot.devices))
        found = found.filter(self._entry("model", self.snapshot.models))
        for word in asked["q"].split():
            found = found.filter(_any_of(SEARCHED, word))
        return found.order_by(*ORDERS[asked["sort"] or USUAL_ORDER][0])

    def _entry(self, name: str, known: Mapping[str, Any]) -> Q:
        """By a catalog entry where its slug is given, else by every word of its name or of the source's text."""
        asked = self.cleaned_data[name].strip()
        relation = {"device": "device", "model": "language_model"}[name]
        if asked in known:
            return Q(**{f"{relation}__slug": asked})
        wanted = Q()
        for word in asked.split():
            wanted &= _any_of((f"{name}_text", f"{relation}__name"), word)
        return wanted

    @property
    def held(self) -> list[tuple[str, str, str]]:
        """What a link asked for by an entry's slug or a source: label, its name, the address without it."""
        found = []
        for name, entries in (("device", self.snapshot.devices), ("model", self.snapshot.models)):
            slug = self.cleaned_data.get(name) or ""
            if slug in entries:
                found.append((str(self.fields[name].label), entries[slug].name, self.query(**{name: ""})))
        if family := self.cleaned_data.get("family"):
            found.append(("Source", family, self.query(family="")))
        return found

    def query(self, **changed: str) -> str:
        """The query string of what is asked, some of it said otherwise (the page forgotten); "" where nothing is."""
        said = {name: self.typed(name).strip() for name in self.fields} | {"page": ""} | changed
        return urlencode({name: value for name, value in said.items() if value})

    def typed(self, name: str) -> str:
        """What was typed or chosen, without control characters."""
        return CONTROL.sub("", self.data.get(name) or "")

    @property
    def is_untidy(self) -> bool:
        """Whether a browser wrote the address from the form, its empty fields in it."""
        return any(value == "" for name, value in self.data.items() if name in self.fields)

    @property
    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in self.fields if name not in ("sort", "page"))

    @property
    def main(self) -> list[FieldView]:
        """Fields always in sight."""
        return [self.view(name) for name in self.main_names]

    @property
    def more(self) -> list[FieldView]:
        """Fields under "more filters"."""
        return [self.view(name) for name in self.more_names]

    @property
    def more_open(self) -> bool:
        return any(field.value or field.errors for field in self.more)

    @property
    def hidden(self) -> list[FieldView]:
        """What only links set, where it is set."""
        return [view for view in (self.view("family"),) if view.value]

    def view(self, name: str) -> FieldView:
        """One field: what was typed or chosen in it, and what is wrong with that."""
        field, value = self.fields[name], self.typed(name)
        options: tuple[tuple[str, str, bool], ...] = ()
        if name in self.offered:
            options = tuple((key, words, key == value) for key, words in self.offered[name])
        errors = tuple(str(text) for text in self.errors.get(name, ()))
        return FieldView(name, str(field.label), value, errors, options, self.examples.get(name, ""))

    @property
    def reasons(self) -> list[tuple[str, str, str]]:
        """What is wrong: the field's name, its label and the reason; the first two "" where no field is to blame."""
        found = []
        for name, errors in self.errors.items():
            label = str(self.fields[name].label) if name in self.fields else ""
            found += [(name if label else "", label, str(text)) for text in errors]
        return found


def _any_of(fields: Iterable[str], word: str) -> Q:
    wanted = Q()
    for name in fields:
        wanted |= Q(**{f"{name}__icontains": word})
    return wanted
