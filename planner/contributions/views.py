"""Pages of a visitor's own measurements: bring, preview, save; then list, submit, export, delete."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from planner import owners
from planner.contributions import selectors, services
from planner.contributions.completing import ASKED
from planner.contributions.exporting import as_csv
from planner.contributions.forms import OwnForm
from planner.contributions.models import ACCEPTED, DECLINED, DRAFT, SUBMITTED, Contribution, ContributionRow
from planner.contributions.parsers import FileFault
from planner.contributions.parsers.rows import MAX_BYTES
from planner.contributions.shown import open_names, shown_rows, shown_stored

# The text or the file, with the form's other fields around it.
MAX_BODY = MAX_BYTES + 256 * 1024
# A browser shows no answer while it is still sending: this much of a body that is too large is read and dropped.
MOST_DRAINED = 64 * 1024 * 1024

View = Callable[..., HttpResponse]


def small_body(view: View) -> View:
    """Refuse a body that is too large before any of it is parsed; then check the form's token as everywhere."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.method == "POST" and (not length.isdigit() or int(length) > MAX_BODY):
            _drain(request)
            request.method, request.META["CONTENT_LENGTH"] = "GET", "0"
            return _page(request, OwnForm(), fault="That is too large: at most 2 MiB are read.", status=413)
        return protected(request, *args, **kwargs)

    return guarded


def _drain(request: HttpRequest) -> None:
    read = 0
    while read < MOST_DRAINED and (chunk := request.read(65536)):
        read += len(chunk)


@never_cache
@small_body
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The form with the visitor's list; posted, the preview, or the saved file's own page."""
    if request.method != "POST":
        return _page(request, OwnForm(initial={"device_count": "1"}))
    form = OwnForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    brought = form.brought()
    try:
        if request.POST.get("action") == "save":
            return _save(request, brought)
        return _page(request, form, brought=brought)
    except (FileFault, services.Refused) as fault:
        return _page(
            request, form, fault=str(fault), brought=brought if not isinstance(fault, FileFault) else None
        )


def _save(request: HttpRequest, brought: services.Brought) -> HttpResponse:
    owner = owners.owner_of(request)
    token = "" if owner else owners.new_token()
    response = HttpResponseRedirect("")
    contribution = services.store(brought, owner or owners.remember(response, token))
    response["Location"] = f"{_address(contribution)}?saved=1"
    return response


def _page(
    request: HttpRequest,
    form: OwnForm,
    *,
    fault: str = "",
    brought: services.Brought | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "asked": [form[column] for column in ASKED],
        "fault": fault,
        "mine": selectors.owned(owners.owner_of(request))[: services.MOST_KEPT],
        "text": form.text_kept or form.data.get("text", ""),
        "name": form.name_kept or form.data.get("name", ""),
    }
    if brought is not None:
        completed = services.preview(brought)
        page, judged = selectors.parsed_page(completed.good, request.POST.get("page", "1"))
        context |= {
            "preview": completed,
            "page": page,
            "rows": shown_rows(judged),
            "refusals": selectors.parsed_refusals(completed.refused),
            "open_names": open_names(completed),
            "missing": [ASKED[column] for column in completed.missing],
            "missing_columns": completed.missing,
        }
    if fault and status == 200:
        status = 422
    return render(request, "contributions/index.html", context, status=status)


@never_cache
@require_safe
def detail(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """A saved file with its rows and our predictions."""
    return _detail(request, _mine(request, public_id))


def _detail(request: HttpRequest, contribution: Contribution, fault: str = "") -> HttpResponse:
    page, judged = selectors.good_page(contribution, request.GET.get("page", "1"))
    context = {
        "contribution": contribution,
        "fault": fault,
        "saved": "saved" in request.GET,
        "page": page,
        "rows": shown_stored(judged),
        "refusals": selectors.stored_refusals(contribution),
        "n_left_out": contribution.rows.exclude(left_out="").count(),
        "can_submit": contribution.status in (DRAFT, DECLINED),
        "can_withdraw": contribution.status == SUBMITTED,
        "can_delete": contribution.status != ACCEPTED,
    }
    return render(request, "contributions/detail.html", context, status=409 if fault else 200)


@never_cache
@require_POST
def act(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Submit a file to the editors, or take it back."""
    contribution = _mine(request, public_id)
    actions = {"submit": services.submit, "withdraw": services.withdraw}
    action = actions.get(request.POST.get("action", ""))
    if action is None:
        return _detail(request, contribution, "Choose what to do with the file.")
    try:
        action(contribution)
    except services.Refused as refusal:
        return _detail(request, contribution, str(refusal))
    return HttpResponseRedirect(_address(contribution))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask whether to delete a file; posted, delete it."""
    contribution = _mine(request, public_id)
    if request.method != "POST":
        return render(request, "contributions/delete.html", {"contribution": contribution})
    try:
        services.delete(contribution)
    except services.Refused as refusal:
        return _detail(request, contribution, str(refusal))
    return HttpResponseRedirect(reverse("contributions:index"))


@never_cache
@require_safe
def export(request: HttpRequest, public_id: uuid.UUID | None = None) -> HttpResponse:
    """The measurements of one file, or of all of the visitor's, as the project's CSV."""
    owner = owners.owner_of(request)
    rows = ContributionRow.objects.filter(contribution__owner=owner, refusal="")
    if public_id is not None:
        rows = rows.filter(contribution=_mine(request, public_id))
    ordered = rows.order_by("contribution__created", "contribution_id", "position") if owner else rows.none()
    response = HttpResponse(
        as_csv(ordered.values_list("fields", flat=True)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="my-measurements.csv"'
    return response


def _mine(request: HttpRequest, public_id: uuid.UUID) -> Contribution:
    """The visitor's own contribution; for everybody else there is no such page."""
    found = selectors.owned_one(owners.owner_of(request), public_id)
    if found is None:
        raise Http404
    return found


def _address(contribution: Contribution) -> str:
    return reverse("contributions:detail", args=[contribution.public_id])
