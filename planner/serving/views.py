"""The page of the sizing: the question, and the machines that serve it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from planner.plans import suggest
from planner.plans.errors import PlanError
from planner.plans.views import HtmxHttpRequest, is_new
from planner.serving.examples import EXAMPLES
from planner.serving.form import DEFAULT_OF, ServingForm, serving_form_view
from planner.serving.page import answer_context
from planner.serving.querystring import FIELD_OF, serving_query
from planner.serving.sizing import size


@require_safe
def index(request: HtmxHttpRequest) -> HttpResponse:
    """The question; with parameters, its answer, or the form again with reasons beside the fields (422)."""
    form = ServingForm(request.GET)
    partial = bool(request.htmx) and not request.htmx.history_restore_request
    context: dict[str, Any] = {"title": "Serve a model: which machines does it take? · Sizewise"}
    context["examples"] = EXAMPLES
    address, status = "", 200
    if form.is_bound:
        answer = _answer(form)
        if answer is None:
            if partial and request.htmx.trigger == "live" and form.is_incomplete:
                return HttpResponse(status=204)  # still being filled in: nothing to say yet
            context |= {"title": "Not answered yet · Sizewise", "tidy_query": form.tidy_query()}
            status = 422
        else:
            context |= answer
            address = serving_query(answer["question"])
            if not partial and was_submitted(request):
                return HttpResponseRedirect(f"{reverse('serving:index')}?{address}")
    context["form"] = serving_form_view(form)
    if not partial:
        context["datalists"] = suggest.datalists()
        response = render(request, "serving/index.html", context, status=status)
    else:
        # 200 also for a refusal: browsers print every other status of a fetched fragment as an error.
        response = render(request, "serving/update.html", context)
        push_url(response, f"{reverse('serving:index')}?{address}" if is_new(request, address) else False)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def _answer(form: ServingForm) -> dict[str, Any] | None:
    """What the templates show, or ``None`` where the form says why there is no answer."""
    if not form.is_valid():
        return None
    try:
        return answer_context(size(form.service()))
    except PlanError as refusal:
        form.refuse(refusal.field, refusal.message)
        return None


def was_submitted(request: HttpRequest) -> bool:
    """Whether a browser wrote the address from the form, every empty field in it: it is shortened then."""
    return any(
        request.GET.get(name) in ("", DEFAULT_OF.get(name)) for name in FIELD_OF if name in request.GET
    )
