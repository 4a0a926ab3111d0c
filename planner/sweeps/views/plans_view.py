"""The table of plans: filtered, sorted, a page at a time, each plan with a link to its own page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponse

from planner.plans.views import HtmxHttpRequest
from planner.sweeps.models import Sweep
from planner.sweeps.results.query import unpriced_machines
from planner.sweeps.results.reading import Reader
from planner.sweeps.results.store import Results
from planner.sweeps.results.table import TablePage, table_page
from planner.sweeps.results.table_columns import COLUMNS
from planner.sweeps.views.export_links import export_links
from planner.sweeps.views.plan_lines import plan_line
from planner.sweeps.views.room import of_result, page
from planner.sweeps.views.rows_form import RowsForm

# Columns with a heading of their own: key, words, class. The others share the first column.
SHOWN = (
    ("machine", "Machine and model", ""),
    ("price", "Price", "num wide-only"),
    ("bits", "Bits", "num wide-only"),
    ("context", "Context", "num roomy-only"),
    ("users", "Users", "num roomy-only"),
    ("verdict", "Fits?", ""),
    ("need", "Needs", "num wide-only"),
    ("decode", "Writes, tokens/s", "num"),
    ("prefill", "Reads, tokens/s", "num roomy-only"),
    ("ttft", "First token", "num roomy-only"),
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: the query that sorts by it, and how it is sorted now ("" where it is not)."""

    words: str
    style: str
    query: str
    order: str


@of_result
def plans_page(request: HtmxHttpRequest, sweep: Sweep, reader: Reader) -> HttpResponse:
    """A page of the plans that are kept and match."""
    form = RowsForm(request.GET, sweep, reader.entries)
    form.is_valid()
    query = form.rows_query()
    results = reader.files
    assert isinstance(results, Results)  # noqa: S101
    found = table_page(results, query, form.value("sort") or "", form.value("cursor") or "")
    tally = _tally(found, narrowed=not query.is_all)
    return page(
        request,
        "plans",
        sweep,
        reader,
        form,
        tally=tally,
        lines=[plan_line(sweep, reader.entries, plan) for plan in found.rows],
        headings=list(_headings(form)),
        first=form.query(cursor="") if form.value("cursor") else None,
        previous=form.query(cursor=found.previous_cursor) if found.previous_cursor else None,
        next=form.query(cursor=found.next_cursor) if found.next_cursor else None,
        held=list(_held(form, reader)),
        n_unpriced=unpriced_machines(query, reader.entries),
        exports=export_links(sweep, form),
        n_matching=found.n_matching,
    )


def _tally(found: TablePage, *, narrowed: bool) -> str:
    count = found.n_matching
    what = f"{count:,} plan{'' if count == 1 else 's'}{' found' if narrowed else ' kept'}"
    if not found.rows or len(found.rows) == count:
        return what
    return f"{what}, {found.first_number:,} to {found.first_number + len(found.rows) - 1:,} shown"


def _headings(form: RowsForm) -> Iterator[Heading]:
    sort = form.value("sort") or ""
    for key, words, style in SHOWN:
        # first what people look for: the most, or the first of the alphabet
        first = (
            f"-{key}" if COLUMNS[key].is_number and key not in ("price", "need", "verdict", "ttft") else key
        )
        second = key if first.startswith("-") else f"-{key}"
        order = ""
        if sort in (first, second):
            order = "descending" if sort.startswith("-") else "ascending"
        chosen = second if sort == first else first
        yield Heading(words, style, form.query(sort=chosen, cursor=""), order)


def _held(form: RowsForm, reader: Reader) -> Iterator[tuple[str, str, str]]:
    """What a link asked for: label, names, and the query without it."""
    for name, entries in (("machine", reader.entries.machines), ("model", reader.entries.models)):
        numbers = form.value(name) or ()
        if numbers:
            named = dict.fromkeys(entries[number].name for number in numbers)
            shown = next(iter(named)) + (f" and {len(named) - 1} more like it" if len(named) > 1 else "")
            yield str(form.fields[name].label), shown, form.query(**{name: "", "cursor": ""})
