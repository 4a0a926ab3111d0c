"""The list of a visitor's sweeps, and the page of each: watching it, and what can be done with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from planner import owners
from planner.plans.views import HtmxHttpRequest
from planner.sweeps.models import Sweep
from planner.sweeps.pages import listing, watching
from planner.sweeps.pages.examples import EXAMPLES
from planner.sweeps.pages.form import MOST_NAME
from planner.sweeps.work import services

STOP_POLLING = 286  # htmx's own
NOT_YOURS = (
    "Only the browser that started a sweep can change it. Repeat it to have one of your own: "
    "“Repeat with a change” fills the form with its question."
)


@never_cache
@require_safe
def index(request: HtmxHttpRequest) -> HttpResponse:
    """The visitor's sweeps; while some are going, asked for again every few seconds."""
    page, lines = listing.page_of(owners.owner_of(request), request.GET.get("page", "1"))
    going = any(line.is_going for line in lines)
    context = {"page": page, "lines": lines, "going": going, "examples": EXAMPLES}
    if request.htmx:
        return render(request, "sweeps/mine.html", context, status=200 if going else STOP_POLLING)
    return render(request, "sweeps/index.html", context)


@never_cache
@require_safe
def sweep(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """One sweep: how far it is, then what was found."""
    return _page(request, get_object_or_404(Sweep, pk=sweep_id))


def _page(request: HttpRequest, found: Sweep, *, fault: str = "", status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"fault": fault, "is_mine": is_mine(request, found)}
    context |= watching.progress_context(found) | watching.question_context(found)
    context |= watching.results_context(found)
    return render(request, "sweeps/sweep.html", context, status=status)


@never_cache
@require_safe
def progress(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """How far a sweep is, for a page that asks every second; 286 once nothing changes by itself."""
    found = Sweep.objects.defer("entries", "definition", "pruned").filter(pk=sweep_id).first()
    if found is None:
        return render(request, "sweeps/gone.html", status=STOP_POLLING)
    context = watching.progress_context(found) | {"is_mine": is_mine(request, found), "is_update": True}
    context["has_changed"] = request.GET.get("seen") != found.state
    going = context["is_going"]
    return render(request, "sweeps/progress.html", context, status=200 if going else STOP_POLLING)


@never_cache
@require_safe
def found(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """What was found, for the page that watched it: the first look through many millions of plans takes seconds."""
    sweep = get_object_or_404(Sweep, pk=sweep_id)
    context = {"sweep": sweep, "is_mine": is_mine(request, sweep)} | watching.results_context(sweep)
    return render(request, "sweeps/results.html", context)


def is_mine(request: HttpRequest, found: Sweep) -> bool:
    """Whether the visitor started the sweep."""
    owner = owners.owner_of(request)
    return bool(owner) and owner == found.owner


def _act(
    request: HttpRequest, sweep_id: uuid.UUID, action: Callable[[Sweep], None], after: str = ""
) -> HttpResponse:
    """Do something with one's own sweep and go to its page, or to ``after``."""
    found = get_object_or_404(Sweep, pk=sweep_id)
    if not is_mine(request, found):
        return _page(request, found, fault=NOT_YOURS, status=403)
    try:
        action(found)
    except services.SweepError as error:
        found.refresh_from_db()
        return _page(request, found, fault=str(error), status=409)
    response = HttpResponseRedirect(after or reverse("sweeps:sweep", args=[sweep_id]))
    response.status_code = 303
    return response


@never_cache
@require_POST
def stop(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """Stop a sweep; what is done stays."""
    return _act(request, sweep_id, services.stop)


@never_cache
@require_POST
def resume(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """Go on with a sweep that was stopped or failed, or whose files are gone."""
    return _act(request, sweep_id, services.resume)


@never_cache
@require_POST
def rename(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """Call a sweep something else."""
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())

    def change(found: Sweep) -> None:
        if not name or len(name) > MOST_NAME:
            raise services.SweepError(f"A name has 1 to {MOST_NAME} characters.")
        services.rename(found, name)

    return _act(request, sweep_id, change)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """Ask whether to delete a sweep; posted, delete it."""
    if request.method == "POST":
        return _act(request, sweep_id, services.delete, after=reverse("sweeps:index"))
    found = get_object_or_404(Sweep, pk=sweep_id)
    if not is_mine(request, found):
        return _page(request, found, fault=NOT_YOURS, status=403)
    return render(request, "sweeps/delete.html", {"sweep": found})
