"""What the page of a list shows: the selected entries, how many, and where sorting and paging lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator

from hardware_catalog.search import matching_slugs
from planner.catalog_pages.list_form import ListForm
from planner.catalog_pages.lists import Column, Kind, Selection, select
from planner.snapshot import Snapshot

PAGE_SIZE = 50
NEAR = 5


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: its link sorts by it, the other way round where it is sorted by it already."""

    column: Column[Any]
    query: str
    order: str  # "ascending" | "descending" | ""


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of the list; ``number`` is None for those left out between two."""

    number: int | None
    query: str
    is_this: bool


def list_context(kind: Kind[Any], form: ListForm, snapshot: Snapshot) -> dict[str, Any]:
    """Everything the list's templates need. What is wrong with the question is left in ``form.errors``."""
    context: dict[str, Any] = {"kind": kind, "form": form, "title": f"{kind.title} · Sizewise"}
    if not form.is_valid():
        return context
    known = kind.lines(snapshot)
    text = form.cleaned_data["q"]
    searched = (
        [known[slug] for slug in matching_slugs(kind.key, text) if slug in known] if text else known.values()
    )
    sort = form.cleaned_data["sort"]
    found = select(kind, searched, len(known), form.wanted, sort)
    pages = Paginator(found.lines, PAGE_SIZE)
    number = form.cleaned_data["page"] or 1
    if number > pages.num_pages:
        form.add_error("page", f"This list has {_counted(pages.num_pages, 'page', 'pages')}.")
        return context
    return context | {
        "found": found,
        "tally": _tally(kind, found),
        "left_out": _left_out(kind, found),
        "lines": pages.page(number).object_list,
        "headings": [_heading(column, sort, form) for column in kind.columns],
        "pages": _pages(pages, number, form),
        "near": [] if found.lines or not text else snapshot.names.rank(text, (kind.ranked,), NEAR),
    }


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _tally(kind: Kind[Any], found: Selection[Any]) -> str:
    """How many entries were found, of how many."""
    if len(found.lines) == found.n_all:
        return f"{_counted(found.n_all, kind.noun, kind.nouns)}"
    if not found.lines:
        return f"None of {found.n_all:,} {kind.nouns}"
    return f"{len(found.lines):,} of {found.n_all:,} {kind.nouns}"


def _left_out(kind: Kind[Any], found: Selection[Any]) -> list[str]:
    """What the filters could not judge, since no source states the figure."""
    figures = {item.key: item.figure.lower() for item in kind.filters}
    return [
        f"{_counted(count, 'is', 'are')} left out because no source states the {figures[key]}."
        for key, count in found.unknown.items()
    ]


def _heading(column: Column[Any], sort: str, form: ListForm) -> Heading:
    first = f"-{column.key}" if column.is_number else column.key
    other = column.key if first.startswith("-") else f"-{column.key}"
    order = ""
    if sort.removeprefix("-") == column.key:
        order = "descending" if sort.startswith("-") else "ascending"
    return Heading(column, form.query(sort=other if sort == first else first, page=""), order)


def _pages(pages: Paginator[Any], number: int, form: ListForm) -> Sequence[PageLink]:
    if pages.num_pages == 1:
        return ()
    return [
        PageLink(None, "", False)
        if not isinstance(page, int)
        else PageLink(page, form.query(page="" if page == 1 else str(page)), page == number)
        for page in pages.get_elided_page_range(number, on_each_side=1, on_ends=1)
    ]
