"""The catalog's public pages: lists of devices, machines and models, and one page for each entry."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url
from django_htmx.middleware import HtmxDetails

from hardware_catalog.search import withdrawn_name
from planner.catalog_pages.device_page import device_context
from planner.catalog_pages.devices import DEVICES
from planner.catalog_pages.list_form import ListForm
from planner.catalog_pages.list_page import NEAR, list_context
from planner.catalog_pages.lists import Kind
from planner.catalog_pages.machine_page import machine_context
from planner.catalog_pages.machines import MACHINES
from planner.catalog_pages.model_page import model_context
from planner.catalog_pages.models import MODELS
from planner.catalog_pages.reference import formats_by_family, runtime_lines
from planner.plans.querystring import plain_number
from planner.snapshot import current

KINDS: dict[str, Kind[Any]] = {kind.key: kind for kind in (DEVICES, MACHINES, MODELS)}


class HtmxHttpRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@require_safe
def entries(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """A list: its page, or while somebody filters only what was found; 422 where the question makes no sense."""
    snapshot = current()
    form = ListForm(KINDS[kind], snapshot, request.GET)
    context = list_context(KINDS[kind], form, snapshot)
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    if partial:
        # 200 also for a refusal: browsers print every other status of a fetched fragment as an error.
        response = render(request, "catalog/update.html", context)
        if not form.errors:
            query = form.query(page="")
            replace_url(response, f"{request.path}?{query}" if query else request.path)
    else:
        response = render(request, "catalog/list.html", context, status=422 if form.errors else 200)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


@require_safe
def device(request: HttpRequest, slug: str) -> HttpResponse:
    """One device, planned with the memory that the address says; 422 where it is not sold with that much."""
    snapshot = current()
    row = snapshot.devices.get(slug)
    if row is None:
        return _missing(request, DEVICES, slug)
    said = request.GET.get("memory", "")
    size = next((size for size in row.memory_options_gb if plain_number(size) == said), None)
    context = device_context(row, size, snapshot)
    wrong = bool(said) and size is None
    if wrong:
        context["wrong_memory"] = "It is not sold with that much memory, so this is for the smallest."
    return _page(request, DEVICES, context, status=422 if wrong else 200)


@require_safe
def machine(request: HttpRequest, slug: str) -> HttpResponse:
    """One machine."""
    snapshot = current()
    line = MACHINES.lines(snapshot).get(slug)
    if line is None:
        return _missing(request, MACHINES, slug)
    return _page(request, MACHINES, machine_context(line, snapshot))


@require_safe
def model(request: HttpRequest, slug: str) -> HttpResponse:
    """One language model."""
    snapshot = current()
    line = MODELS.lines(snapshot).get(slug)
    if line is None:
        return _missing(request, MODELS, slug)
    return _page(request, MODELS, model_context(line, snapshot))


@require_safe
def formats(request: HttpRequest) -> HttpResponse:
    """All weight formats, with the programs that run each."""
    return render(request, "catalog/formats.html", {"families": formats_by_family(current())})


@require_safe
def runtimes(request: HttpRequest) -> HttpResponse:
    """All programs, with what each runs where."""
    return render(request, "catalog/runtimes.html", {"runtimes": runtime_lines(current())})


def _page(request: HttpRequest, kind: Kind[Any], context: dict[str, Any], status: int = 200) -> HttpResponse:
    context |= {
        "list_address": reverse(f"catalog:{kind.key}"),
        "list_title": kind.title,
        "nothing_verified": not any(source.is_verified for source in context["sources"]),
    }
    return render(request, "catalog/entry.html", context, status=status)


def _missing(request: HttpRequest, kind: Kind[Any], slug: str) -> HttpResponse:
    """No such entry: gone (410) where it has left the catalog, else unknown (404), with the nearest ones."""
    name = withdrawn_name(kind.key, slug)
    near = current().names.rank(slug.replace("-", " "), (kind.ranked,), NEAR)
    context = {"kind": kind, "name": name, "near": near, "list_address": reverse(f"catalog:{kind.key}")}
    return render(request, "catalog/missing.html", context, status=410 if name else 404)
