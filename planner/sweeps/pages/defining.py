"""The page on which a sweep is defined, counted while one types, and started."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import replace_url

from hardware_catalog.search import search_devices, search_machines, search_models
from planner import owners
from planner.plans import suggest
from planner.plans.views import HtmxHttpRequest
from planner.snapshot import current
from planner.sweeps.definition import of_json
from planner.sweeps.models import Sweep
from planner.sweeps.pages.axes import AXES
from planner.sweeps.pages.form import PASSING, SweepForm, definition_query
from planner.sweeps.pages.form_view import form_context, usual_name
from planner.sweeps.pages.summary import Summary, summary
from planner.sweeps.work.services import SweepError, create

SUGGESTIONS = 8
# The element that asks for the count while somebody types: names half typed are left in peace.
LIVE = "live-count"
SEARCHES = {"machines": search_machines, "devices": search_devices, "models": search_models}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HtmxHttpRequest) -> HttpResponse:
    """The form with its count, 422 where the question makes no sense; posted, the sweep is made."""
    if request.method == "POST":
        return _start(request)
    if "from" in request.GET:
        return _repeat(request)
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    is_live = partial and request.htmx.trigger == LIVE
    form = SweepForm(request.GET, current(), takes_typed=not is_live)
    found = summary(form)
    query = form.query()
    if partial:
        # 200 also for a refusal: browsers print every other status of a fetched fragment as an error.
        response = render(request, "sweeps/update.html", _context(form, found) | {"is_live": is_live})
        replace_url(response, f"{request.path}?{query}" if query else request.path)
    elif _was_pressed(request, query) and not any(axis.is_open for axis in form.axes.values()):
        response = HttpResponseRedirect(f"{request.path}?{query}{_place(request)}")
    else:
        response = _page(request, form, found, status=422 if found.reasons else 200)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def _was_pressed(request: HttpRequest, query: str) -> bool:
    """Whether a browser wrote the address from the form: it is shortened then, and what was added is in it."""
    said = request.GET
    if any(name in said for name in PASSING):
        return True
    return "" in said.values() and said.dict() != QueryDict(query).dict()


def _place(request: HttpRequest) -> str:
    """The axis in which a button was pressed, where the page goes on."""
    pressed = request.GET.get("remove") or request.GET.get("take") or ""
    name = pressed.partition(":")[0] or next((n for n in AXES if request.GET.get(AXES[n].find())), "")
    return f"#axis-{name}" if name in AXES else ""


def _repeat(request: HttpRequest) -> HttpResponse:
    """The form filled with the question of a saved sweep, whoever's it is."""
    try:
        asked = uuid.UUID(request.GET["from"])
    except ValueError:
        raise Http404 from None
    sweep = get_object_or_404(Sweep, pk=asked)
    definition = of_json(sweep.definition)
    form = SweepForm(QueryDict(definition_query(definition)), current())
    name = "" if sweep.name == usual_name(form) else sweep.name
    return HttpResponseRedirect(f"{request.path}?{definition_query(definition, name)}")


def _start(request: HtmxHttpRequest) -> HttpResponse:
    snapshot = current()
    form = SweepForm(request.POST, snapshot, takes_typed=True)
    found = summary(form)
    if found.counted is None:
        return _page(request, form, found, status=422)
    owner = owners.owner_of(request)
    response = HttpResponseRedirect("")
    response.status_code = 303
    name = form.cleaned_data["name"] or usual_name(form)
    try:
        sweep = create(
            form.definition(),
            name=name,
            owner=owner or owners.remember(response, owners.new_token()),
            snapshot=snapshot,
        )
    except SweepError as error:
        return _page(request, form, found, fault=str(error), status=409)
    response["Location"] = reverse("sweeps:sweep", args=[sweep.pk])
    return response


def _context(form: SweepForm, found: Summary) -> dict[str, Any]:
    return form_context(form, found.counted) | {"summary": found}


def _page(
    request: HttpRequest, form: SweepForm, found: Summary, *, fault: str = "", status: int = 200
) -> HttpResponse:
    context = _context(form, found) | {"fault": fault, "posted": request.method == "POST"}
    context["datalists"] = suggest.datalists()
    return render(request, "sweeps/new.html", context, status=status)


@require_safe
def suggestions(request: HttpRequest, axis: str) -> HttpResponse:
    """Entries of an axis that come nearest to what is being typed, as options of a list box."""
    if axis not in AXES:
        raise Http404
    asked = AXES[axis]
    typed = request.GET.get(asked.find(), "").replace("\0", " ").strip()
    found: list[suggest.Entry] = []
    if typed and axis in SEARCHES:
        choices = SEARCHES[axis](typed, SUGGESTIONS)
        found = [suggest.Entry(axis, choice.slug, choice.name, choice.detail) for choice in choices]
    elif typed:
        words = typed.casefold().split()
        names = asked.names(current()).by_slug
        held = [(slug, name) for slug, name in names.items() if all(w in name.casefold() for w in words)]
        held.sort(key=lambda entry: (not entry[1].casefold().startswith(words[0]), len(entry[1])))
        found = [suggest.Entry(axis, slug, name) for slug, name in held[:SUGGESTIONS]]
    if typed and not found:
        near = current().names.rank(typed, asked.ranked, SUGGESTIONS)
        found = [suggest.Entry(axis, item.slug, item.name) for item in near]
    return render(request, "plans/options.html", {"kind": axis, "entries": found})
