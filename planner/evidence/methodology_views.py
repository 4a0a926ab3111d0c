"""The page of the methodology, worked through for the plan that the address asks about."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from planner.evidence.methodology import DEFAULT_QUESTION, methodology_context
from planner.plans.errors import PlanError
from planner.plans.forms import QuestionForm
from planner.plans.plan import Plan, make_plan


@require_safe
def methodology(request: HttpRequest) -> HttpResponse:
    """The formulas with one plan's numbers; a question that cannot be answered is said (422), the usual plan shown."""
    form = QuestionForm(request.GET)
    plan = _asked_plan(form) if form.is_bound else None
    refused = form.is_bound and plan is None
    context = methodology_context(plan or make_plan(DEFAULT_QUESTION))
    context |= {
        "refused": refused,
        "reasons": _reasons(form) if refused else (),
        "machine_shown": form.shown("machine") if refused else context["answer"].machine_name,
        "model_shown": form.shown("model") if refused else context["answer"].model_name,
        "is_default": not form.is_bound,
    }
    return render(request, "evidence/methodology.html", context, status=422 if refused else 200)


def _asked_plan(form: QuestionForm) -> Plan | None:
    """The plan of the question; ``None`` where it is none, with the reasons in the form."""
    if not form.is_valid():
        return None
    try:
        return make_plan(form.question())
    except PlanError as refusal:
        form.refuse(refusal.field, refusal.message)
        return None


def _reasons(form: QuestionForm) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """What is wrong, each with the candidates' names and the queries that choose them."""
    found: list[tuple[str, tuple[tuple[str, str], ...]]] = [
        (str(message), ()) for message in form.non_field_errors()
    ]
    for name, messages in form.errors.items():
        if name in form.fields:
            candidates = tuple(
                (entry.name, form.with_value(name, entry.slug)) for entry in form.candidates.get(name, ())
            )
            found += [(f"{form.fields[name].label}: {message}", candidates) for message in messages]
    return tuple(found)
