"""The page of the question and its answer, and the lists of names that help to ask it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url
from django_htmx.middleware import HtmxDetails

from planner.plans import services, suggest
from planner.plans.examples import EXAMPLES
from planner.plans.form_view import form_view
from planner.plans.forms import DEFAULT_OF, QuestionForm
from planner.plans.page import answer_context
from planner.plans.querystring import PARAMETERS, question_query

SUGGESTIONS = 8


class HtmxHttpRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@require_safe
def index(request: HtmxHttpRequest) -> HttpResponse:
    """The question; with parameters, its answer, or the form again with reasons beside the fields (422)."""
    form = QuestionForm(request.GET)
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    context: dict[str, Any] = {"title": "Sizewise: can this machine run this model?", "examples": EXAMPLES}
    address = ""
    status = 200
    if form.is_bound:
        question = form.question() if form.is_valid() else None
        if question is not None:
            try:
                context |= answer_context(services.answer(question), question)
                address = question_query(question)
            except services.PlanError as refusal:
                form.refuse(refusal.field, refusal.message)
                question = None
        if question is None:
            if partial and request.htmx.trigger == "live" and form.is_incomplete:
                return HttpResponse(status=204)  # still being filled in: nothing to say yet
            context |= {"title": "Not answered yet · Sizewise", "tidy_query": form.tidy_query()}
            status = 422
        elif not partial and was_submitted(request):
            return HttpResponseRedirect(f"{reverse('plans:index')}?{address}")
    context["form"] = form_view(form)
    if not partial:
        context["datalists"] = suggest.datalists()
        response = render(request, "plans/index.html", context, status=status)
    else:
        # 200 also for a refusal: browsers print every other status of a fetched fragment as an error.
        response = render(request, "plans/update.html", context)
        # Only an answered question becomes a step back; what was refused is still being asked.
        push_url(response, f"{reverse('plans:index')}?{address}" if is_new(request, address) else False)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def was_submitted(request: HttpRequest) -> bool:
    """Whether a browser wrote the address from the form, every empty field in it: it is shortened then."""
    return any(
        request.GET.get(name) in ("", str(DEFAULT_OF.get(name))) for name in PARAMETERS if name in request.GET
    )


def is_new(request: HtmxHttpRequest, address: str) -> bool:
    """Whether a question was answered that is not the one in the browser's address."""
    shown = request.htmx.current_url or ""
    return bool(address) and shown.partition("?")[2].partition("#")[0] != address


@require_safe
def suggestions(request: HttpRequest, kind: str) -> HttpResponse:
    """The catalog's entries that come nearest to what is being typed, as options of a list box."""
    if kind not in ("machine", "model"):
        raise Http404
    typed = request.GET.get(kind, "").strip()
    found = suggest.suggestions(kind, typed, SUGGESTIONS) if typed else ()
    return render(request, "plans/options.html", {"kind": kind, "entries": found})
