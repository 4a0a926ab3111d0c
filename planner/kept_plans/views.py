"""The page of a kept plan: the answer as it was given, drawn by the templates of the form."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from planner.kept_plans.models import KeptPlan
from planner.kept_plans.record import of_bytes
from planner.plans.page import answer_context
from planner.snapshot import current


@require_safe
def plan(request: HttpRequest, plan_id: str) -> HttpResponse:
    """A kept plan, with the way to ask the same of today's catalog where that has changed."""
    found = KeptPlan.objects.defer("document").filter(pk=plan_id).first()
    if found is None:
        raise Http404("No such plan is kept.")
    record = of_bytes(bytes(found.record))
    context = answer_context(record.answer, record.question) | {
        "kept": found,
        "is_current": record.answer.snapshot == current().sha256,
    }
    return render(request, "kept_plans/plan.html", context)
