"""The form as the templates draw it: plain records, one for each axis and field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from planner.catalog_pages.list_form import FieldView, ListForm
from planner.catalog_pages.lists import Holds
from planner.plans.fields import QuantityField
from planner.sweeps.definition import KEEP
from planner.sweeps.pages import words
from planner.sweeps.pages.axes import ALL, BY_FILTER, BY_NAME, COMMON, USUAL
from planner.sweeps.pages.axis_input import AxisInput, Entry
from planner.sweeps.pages.form import SweepForm
from planner.sweeps.pages.numbers import NumbersField
from planner.sweeps.pages.summary import Counted

HOW_MANY = ("counts",)
WORKLOAD = ("contexts", "users")
WAYS = {BY_NAME: "By name", BY_FILTER: "By filter", COMMON: "Ready made", USUAL: "The usual"}
# What is taken where the grid chooses.
CHOSEN = {
    COMMON: "Those that people find ready made, of each model.",
    USUAL: "llama.cpp, and where it does not run a format, the first program that does.",
}


@dataclass(frozen=True, slots=True)
class FilterView:
    """A filter of an axis; ``id`` is also its parameter."""

    id: str
    field: FieldView


@dataclass(frozen=True, slots=True)
class AxisView:
    """An axis of entries."""

    name: str
    entry: str
    title: str
    hint: str
    noun: str
    placeholder: str
    find: str
    typed: str
    taken: str
    way: str
    ways: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    candidates: tuple[Entry, ...]
    errors: tuple[str, ...]
    name_errors: tuple[str, ...]
    tally: str
    chosen: str  # what is taken where the grid chooses
    left_out: tuple[str, ...]
    main: tuple[FilterView, ...]
    more: tuple[FilterView, ...]
    hidden: tuple[FilterView, ...]
    can_filter: bool
    said_names: str  # the entries as one value of the address

    @property
    def filters(self) -> tuple[FilterView, ...]:
        """All filters in sight."""
        return self.main + self.more

    @property
    def more_open(self) -> bool:
        return any(item.field.value or item.field.errors for item in self.more)


def axis_view(given: AxisInput) -> AxisView:
    """An axis with what was chosen in it and what is wrong with that."""
    axis, filters = given.axis, given.filters
    main, more, hidden = _filters(given, filters) if filters is not None else ((), (), ())
    return AxisView(
        name=axis.name,
        entry=axis.entry,
        title=axis.title,
        hint=axis.hint,
        noun=axis.noun,
        placeholder=axis.placeholder,
        find=axis.find(),
        typed="" if given.taken else given.typed,
        taken=given.taken,
        way=given.way,
        ways=tuple((way, WAYS.get(way) or f"All {len(given.all_slugs):,}") for way in axis.ways),
        entries=tuple(given.entries),
        candidates=given.candidates,
        errors=tuple(given.errors),
        name_errors=tuple(given.name_errors),
        tally=tally(given),
        chosen=CHOSEN.get(axis.usual_way, ""),
        left_out=tuple(dict.fromkeys(given.found.left_out)) if given.way == BY_FILTER else (),
        main=main,
        more=more,
        hidden=hidden,
        can_filter=filters is not None,
        said_names=",".join(given.slugs),
    )


def _filters(given: AxisInput, form: ListForm) -> tuple[tuple[FilterView, ...], ...]:
    """Filters in sight, under "more filters", and those that only links set."""
    axis = given.axis
    errors = given.filter_errors

    def shown(view: FieldView) -> FilterView:
        if view.errors and view.name not in errors:
            view = FieldView(
                view.name, view.label, view.value, (), view.options, view.inputmode, view.example
            )
        return FilterView(axis.parameter_of(view.name), view)

    holds = {item.key for item in form.kind.filters if isinstance(item, Holds)}
    main = [view for view in form.main if view.name != "sort" and view.name not in holds]
    return (
        tuple(shown(view) for view in main),
        tuple(shown(view) for view in form.more),
        tuple(shown(view) for view in form.hidden),
    )


def tally(given: AxisInput) -> str:
    """How many entries are chosen, in words."""
    axis, n_chosen, n_all = given.axis, given.n_chosen, len(given.all_slugs)
    if n_chosen is None or given.filter_errors:
        return ""
    if given.way == ALL:
        return f"all {words.counted(n_all, axis.noun, axis.nouns)}"
    if given.way == BY_FILTER:
        return f"{n_chosen:,} of {n_all:,} {axis.nouns}"
    return words.counted(n_chosen, axis.noun, axis.nouns) if n_chosen else "none yet"


@dataclass(frozen=True, slots=True)
class NumberView:
    """A field of a number or of several."""

    name: str
    label: str
    hint: str
    value: str
    unit: str
    inputmode: str
    errors: tuple[str, ...]


def number_view(form: SweepForm, name: str) -> NumberView:
    """A field with what was typed in it."""
    field = cast(QuantityField, form.fields[name])
    several = isinstance(field, NumbersField) or field.tokens
    return NumberView(
        name=name,
        label=str(field.label),
        hint=str(field.help_text),
        value=form.text(name),
        unit=field.unit,
        inputmode="text" if several else "numeric",
        errors=errors_of(form, name),
    )


def errors_of(form: SweepForm, name: str) -> tuple[str, ...]:
    """What is wrong with a field."""
    return tuple(str(text) for text in form.errors.get(name, ()))


def _room(counted: Counted | None, keep: str) -> str:
    """What it takes to keep so much, in words."""
    if counted is None:
        return ""
    found = counted.estimates[keep]
    kept = words.rows(found.n_kept, found.n_plans, is_at_most=found.is_at_most)
    return f"{kept}, {words.about_size(found.n_bytes)}"


def form_context(form: SweepForm, counted: Counted | None) -> dict[str, Any]:
    """Everything that the form's templates need; ``counted``: what its question comes to, where it makes sense."""
    numbers = {name: number_view(form, name) for name in ("counts", "contexts", "users", "prompt", "output")}
    kv_rows = form.snapshot.rows.kv_formats
    return {
        "axes": {name: axis_view(given) for name, given in form.axes.items()},
        "numbers": numbers,
        "kv": [(row.slug, row.name, row.slug in form.kv_slugs) for row in kv_rows],
        "kv_errors": errors_of(form, "kv"),
        "fill": bool(form.text("fill")),
        "keeps": [
            (key, text[0].upper() + text[1:], key == form.text("keep"), _room(counted, key))
            for key, text in KEEP.items()
        ],
        "keep_errors": errors_of(form, "keep"),
        "name": form.text("name"),
        "name_errors": errors_of(form, "name"),
    }


def usual_name(form: SweepForm) -> str:
    """What a sweep is called where nobody names it: "Llama-3.1-8B on 41 devices"."""
    on = [part for name in ("machines", "devices") if (part := _part(form.axes[name]))]
    models = _part(form.axes["models"])
    name = f"{models} on {words.listed(on)}" if models and on else ""
    return f"A{name[1:]}" if name.startswith("all ") else name


def _part(given: AxisInput) -> str:
    if given.way == BY_NAME and len(given.slugs) == 1:
        return given.entries[0].name
    if not given.n_chosen:
        return ""
    found = words.counted(given.n_chosen, given.axis.noun, given.axis.nouns)
    return f"all {found}" if given.way == ALL else found
