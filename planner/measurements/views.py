"""Pages of the measurements: the list, one measurement, and what became of all of them."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url
from django_htmx.middleware import HtmxDetails

from hardware_catalog.models import Measurement
from planner.figures import tokens
from planner.measurements import selectors
from planner.measurements.filters import FilterForm
from planner.measurements.lines import lines
from planner.measurements.page import heading, measurement_context
from planner.measurements.words import OUTCOME_MEANINGS, OUTCOMES
from planner.snapshot import current


class HtmxHttpRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@require_safe
def measurements(request: HtmxHttpRequest) -> HttpResponse:
    """The list: its page, or while somebody filters only what was found; 422 where the question makes no sense."""
    snapshot = current()
    form = FilterForm(request.GET, selectors.offered(snapshot), snapshot)
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    context: dict[str, Any] = {"title": "Measurements · Sizewise", "form": form}
    if form.is_valid():
        if form.is_untidy and not partial:
            query = form.query(page=form.typed("page"))
            return HttpResponseRedirect(f"{request.path}?{query}" if query else request.path)
        context |= _found(form)
    if partial:
        # 200 also for a refusal: browsers print every other status of a fetched fragment as an error.
        response = render(request, "measurements/update.html", context)
        if not form.errors:
            replace_url(response, f"{request.path}?{form.query()}" if form.query() else request.path)
    else:
        response = render(request, "measurements/list.html", context, status=422 if form.errors else 200)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def _found(form: FilterForm) -> dict[str, Any]:
    page = selectors.page_of(form.select(), form.cleaned_data["page"] or 1)
    return {
        "lines": lines(list(page.object_list)),
        "tally": _tally(page, form.is_narrowed),
        "pages": _pages(page, form),
        "headings": _headings(form),
    }


def _tally(page: Page[Measurement], narrowed: bool) -> str:
    count = page.paginator.count
    what = f"{tokens(count)} measurement{'' if count == 1 else 's'}{' found' if narrowed else ''}"
    if page.paginator.num_pages == 1:
        return what
    return f"{what}, {tokens(page.start_index())} to {tokens(page.end_index())} shown"


def _pages(page: Page[Measurement], form: FilterForm) -> list[tuple[str, str, bool]]:
    """Links to pages: number ("" for a gap), query string, and whether it is this one."""
    if page.paginator.num_pages == 1:
        return []
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [
        (str(number), form.query(page=str(number) if number != 1 else ""), number == page.number)
        if isinstance(number, int)
        else ("", "", False)
        for number in numbers
    ]


def _headings(form: FilterForm) -> list[tuple[str, str, str, str]]:
    """Headings of columns: the words, the class, the query that sorts by it, and how it is sorted now."""
    sort = form.cleaned_data["sort"] or "-date"
    columns = (
        ("Device and model", "", "device"),
        ("What", "wide-only", ""),
        ("Measured", "num", "-value"),
        ("Predicted", "num", ""),
        ("Date", "num wide-only", "-date"),
    )
    found = []
    for words, style, key in columns:
        order, query = "", ""
        if key:
            turned = key.removeprefix("-") if key.startswith("-") else f"-{key}"
            if sort in (key, turned):
                order = "descending" if sort.startswith("-") else "ascending"
            query = form.query(sort=turned if sort == key else key)
        found.append((words, style, query, order))
    return found


@require_safe
def measurement(request: HttpRequest, slug: str) -> HttpResponse:
    """One measurement; 410 for one that has left the shipped file."""
    found = selectors.measurement(slug)
    if found is None or found.withdrawn:
        context = {"title": "No such measurement · Sizewise", "slug": slug, "was_here": found is not None}
        return render(request, "measurements/missing.html", context, status=410 if found else 404)
    context = measurement_context(found) | {"heading": heading(found)}
    return render(request, "measurements/measurement.html", context)


@require_safe
def outcomes(request: HttpRequest) -> HttpResponse:
    """What became of all measurements: counts of every outcome, its reasons, and by source."""
    counted = selectors.outcomes()
    return render(
        request,
        "measurements/outcomes.html",
        {
            "title": "What became of the measurements · Sizewise",
            "counted": counted,
            "outcomes": [(OUTCOMES[c.outcome], OUTCOME_MEANINGS[c.outcome], c) for c in counted.outcomes],
            "words": list(OUTCOMES.values()),
            "list_address": reverse("measurements:list"),
        },
    )
