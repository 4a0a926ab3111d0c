"""What all views of a result share: the sweep and its files, the way from view to view, what is there so far."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from planner import owners
from planner.plans.views import HtmxHttpRequest
from planner.sweeps.models import Sweep
from planner.sweeps.results.reading import Reader
from planner.sweeps.results.store import Results, ResultsMissing, find_sweep
from planner.sweeps.views.view_form import ViewForm

# the views: name of the address, and words
VIEWS = (
    ("sweep", "Overview"),
    ("plans", "All plans"),
    ("heat_map", "Heat map"),
    ("front", "Speed and price"),
    ("contexts", "Context"),
)
MOST_NAMED = 10

View = Callable[[HtmxHttpRequest, Sweep, Reader], HttpResponse]


def find(sweep_id: uuid.UUID) -> Sweep:
    """The sweep; 404 where there is none, or it is being deleted."""
    found = find_sweep(sweep_id)
    if found is None:
        raise Http404("there is no such sweep")
    return found


def of_result(view: View) -> Callable[..., HttpResponse]:
    """A view over a result's files; a page that says so where some of them are gone, or none is there yet."""

    @never_cache
    @require_safe
    @wraps(view)
    def shown(request: HtmxHttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
        sweep = find(sweep_id)
        try:
            reader = Reader(Results(sweep))
            if reader.is_empty:
                return render(request, "sweeps/results/empty.html", {"sweep": sweep})
            return view(request, sweep, reader)
        except ResultsMissing as gone:
            return missing_page(request, sweep, gone)

    return shown


def missing_page(request: HttpRequest, sweep: Sweep, gone: ResultsMissing) -> HttpResponse:
    """Which files of the result are gone, and what can be done."""
    names = [file.name for file in gone.missing]
    owner = owners.owner_of(request)
    context = {
        "sweep": sweep,
        "n_files": len(names),
        "names": names[:MOST_NAMED],
        "n_more": max(len(names) - MOST_NAMED, 0),
        "is_mine": bool(owner) and owner == sweep.owner,
    }
    return render(request, "sweeps/results/missing.html", context, status=404)


def page(
    request: HtmxHttpRequest, template: str, sweep: Sweep, reader: Reader, form: ViewForm, **context: Any
) -> HttpResponse:
    """A view's page, or while somebody chooses only what is found; 422 where the form is wrong, drawn all the same."""
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    right = form.is_valid()
    query = form.query()
    address = f"{request.path}?{query}" if query else request.path
    if right and form.is_untidy and not partial:
        return HttpResponseRedirect(address)
    context |= {
        "sweep": sweep,
        "form": form,
        "tabs": tabs(sweep, template),
        "so_far": so_far(sweep, sum(reader.counts().values())) if sweep.state != Sweep.State.DONE else "",
        "found_template": f"sweeps/results/{template}_found.html",
    }
    if partial:
        # 200 also for a refusal: browsers print every other status of a fetched fragment as an error.
        response = render(request, "sweeps/results/update.html", context)
        if right:
            replace_url(response, address)
    else:
        response = render(request, f"sweeps/results/{template}.html", context, status=200 if right else 422)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def tabs(sweep: Sweep, here: str) -> list[tuple[str, str, bool]]:
    """The views of a sweep: address, words, and whether it is this one."""
    return [(reverse(f"sweeps:{name}", args=[sweep.pk]), words, name == here) for name, words in VIEWS]


def so_far(sweep: Sweep, n_plans: int) -> str:
    """What is shown of a sweep that is not done; "" of one that is."""
    if sweep.state == Sweep.State.DONE:
        return ""
    words = {
        Sweep.State.QUEUED: "It waits for a worker",
        Sweep.State.RUNNING: "It is still running",
        Sweep.State.STOPPED: "It was stopped",
        Sweep.State.FAILED: "It failed",
    }[Sweep.State(sweep.state)]
    return (
        f"{words}: shown is what {n_plans:,} of {sweep.n_plans:,} plans say, so the best may be yet to come."
    )
