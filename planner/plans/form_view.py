"""The form as the template draws it: one plain record per field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from planner.plans import suggest
from planner.plans.fields import CatalogField, QuantityField
from planner.plans.forms import MAIN, MORE, QuestionForm

Options = tuple[
    tuple[str, tuple[tuple[str, str], ...]], ...
]  # groups of (value, name), each under a heading or ""

COMMON_CONTEXTS = (2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144)
CONTEXT_OPTIONS = tuple((str(tokens), f"{tokens // 1024}k tokens") for tokens in COMMON_CONTEXTS)
FIRST_OPTION = {"format": ("auto", "Best that fits"), "runtime": ("", "The usual one for the machine")}


@dataclass(frozen=True, slots=True)
class FieldView:
    """What one field shows."""

    name: str
    label: str
    hint: str
    shown: str
    errors: tuple[str, ...]
    kind: str  # "combo" | "choice" | "quantity"
    candidates: tuple[tuple[suggest.Entry, str], ...] = ()  # entries with the query that chooses them
    options: str = ""
    unit: str = ""
    inputmode: str = "decimal"
    listed: tuple[tuple[str, str], ...] = ()
    address: str = ""  # of the page that the candidates' queries are of; "": the plan's

    @property
    def html(self) -> SafeString:
        """The field as drawn."""
        return _field_html(self)


@lru_cache(maxsize=1024)
def _field_html(field: FieldView) -> SafeString:
    """Fields change little from one question to the next: most are drawn once."""
    return render_to_string("plans/field.html", {"field": field})


@dataclass(frozen=True, slots=True)
class FormView:
    """All fields, in the order and the groups in which they are drawn."""

    main: tuple[FieldView, ...]
    more: tuple[tuple[str, tuple[FieldView, ...]], ...]
    more_open: bool
    fields: tuple[FieldView, ...]
    refused: bool
    incomplete: bool  # nothing is wrong, something is still missing
    general_errors: tuple[str, ...]

    def __iter__(self) -> Iterator[FieldView]:
        return iter(self.fields)


def field_view(form: QuestionForm, name: str) -> FieldView:
    """One field of the form, with what was typed or chosen in it and what is wrong with that."""
    source = form.fields[name]
    errors = tuple(str(message) for message in form.errors.get(name, ())) if form.is_bound else ()
    shown = form.shown(name)
    candidates = tuple((entry, form.with_value(name, entry.slug)) for entry in form.candidates.get(name, ()))
    extra: dict[str, Any] = {"kind": "combo"}
    if isinstance(source, CatalogField):
        extra = {"kind": "choice", "options": options(source.kind, shown, suggest.directory())}
    elif isinstance(source, QuantityField):
        extra = {
            "kind": "quantity",
            "unit": source.unit,
            "inputmode": "text" if source.tokens else "numeric" if source.whole else "decimal",
            "listed": CONTEXT_OPTIONS if name == "context" else (),
        }
    return FieldView(
        name, str(source.label), str(source.help_text), shown, errors, candidates=candidates, **extra
    )


@lru_cache(maxsize=256)
def options(kind: str, chosen: str, known: suggest.Directory) -> SafeString:
    """The ``<option>`` elements of a short list, the default first.

    A chosen value that is none of them stands among them all the same, so that no input is lost.
    """
    first = FIRST_OPTION.get(kind)
    groups = ((("", (first,)),) if first else ()) + known.choices[kind]
    if not any(value == chosen for _, found in groups for value, _ in found):
        groups = (("", ((chosen, chosen),)), *groups)
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<optgroup label="{}">{}</optgroup>', heading, _options(found, chosen)),)
            if heading
            else (_options(found, chosen),)
            for heading, found in groups
        ),
    )


def _options(found: tuple[tuple[str, str], ...], chosen: str) -> SafeString:
    selected = SafeString(" selected")
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, selected if value == chosen else "", name) for value, name in found),
    )


def form_view(form: QuestionForm) -> FormView:
    """The whole form."""
    views = {name: field_view(form, name) for name in form.fields}
    more = tuple((heading, tuple(views[name] for name in names)) for heading, names in MORE)
    hidden = [view for _, group in more for view in group]
    return FormView(
        main=tuple(views[name] for name in MAIN),
        more=more,
        more_open=any(view.errors for view in hidden) or any(is_said(form, view.name) for view in hidden),
        fields=tuple(views.values()),
        refused=form.is_bound and not form.is_valid(),
        incomplete=form.is_bound and form.is_incomplete,
        general_errors=tuple(str(message) for message in form.non_field_errors()) if form.is_bound else (),
    )


def is_said(form: QuestionForm, name: str) -> bool:
    """Whether a field under "more" holds something else than its default."""
    return name in form.implied or (form.is_bound and not form.is_unsaid(name))
