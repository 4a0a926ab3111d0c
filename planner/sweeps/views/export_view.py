"""Export: the plans that the table finds, as a file that is written while it is sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from planner.exports.formats import FORMATS
from planner.exports.streaming import ExportsBusy, can_sort, stream
from planner.sweeps.models import Sweep
from planner.sweeps.results.counting import n_matching
from planner.sweeps.results.exporting import export_table
from planner.sweeps.results.reading import Reader
from planner.sweeps.results.store import Results, ResultsMissing
from planner.sweeps.views.room import find, missing_page
from planner.sweeps.views.rows_form import RowsForm

MOST_LETTERS = 60  # of a file's name
TRY_AGAIN_S = 60
NO_ROOM = "There is no room to sort so many plans. Leave their order open, or narrow what you export."

Reasons = list[tuple[str, str, str]]  # as ViewForm.reasons


@never_cache
@require_safe
def export(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponseBase:
    """The plans that the table finds, in its order. ``format`` is the kind of file; said again, the weight format."""
    sweep = find(sweep_id)
    try:
        results = Results(sweep)
    except ResultsMissing as gone:
        return missing_page(request, sweep, gone)
    if Reader(results).is_empty:
        return render(request, "sweeps/results/empty.html", {"sweep": sweep}, status=404)
    key, rest = _kind_of_file(request.GET)
    form = RowsForm(rest, sweep, results.entries)
    if not form.is_valid() or not key:
        return _refused(request, sweep, [*([] if key else [_which_file()]), *form.reasons])
    query, sort = form.rows_query(), form.value("sort") or ""
    spill = settings.VAR_DIR / "spill"
    if sort and not can_sort(n_matching(results, query), spill):
        return _refused(request, sweep, [("", "", NO_ROOM)])
    headers = {"Content-Disposition": f'attachment; filename="{_name(sweep)}.{FORMATS[key].extension}"'}
    if request.method == "HEAD":  # the server would write the whole file, to drop it
        return HttpResponse(content_type=FORMATS[key].content_type, headers=headers)
    try:
        file = stream(key, export_table(results, query, sort), spill)
    except ExportsBusy as busy:
        response = _refused(request, sweep, [("", "", str(busy))], status=503)
        response["Retry-After"] = str(TRY_AGAIN_S)
        return response
    return StreamingHttpResponse(file, content_type=FORMATS[key].content_type, headers=headers)


def _name(sweep: Sweep) -> str:
    """A file's name that tells the sweep, and whether it is all of it."""
    so_far = "" if sweep.state == Sweep.State.DONE else "-so-far"
    return f"{slugify(sweep.name)[:MOST_LETTERS] or 'sweep'}{so_far}"


def _kind_of_file(said: QueryDict) -> tuple[str, QueryDict]:
    """The kind of file that is asked for ("" where it is not said once), and the address without it."""
    kinds = [text for text in said.getlist("format") if text in FORMATS]
    rest = said.copy()
    rest.setlist("format", [text for text in said.getlist("format") if text not in FORMATS])
    rest.pop("cursor", None)  # a file holds all pages
    return kinds[0] if len(kinds) == 1 else "", rest


def _which_file() -> tuple[str, str, str]:
    words = ", ".join(f"format={key} ({form.words})" for key, form in FORMATS.items())
    return "", "", f"Say once in the address which file you want: {words}."


def _refused(request: HttpRequest, sweep: Sweep, reasons: Reasons, status: int = 422) -> HttpResponse:
    return render(
        request, "sweeps/results/no_export.html", {"sweep": sweep, "reasons": reasons}, status=status
    )
