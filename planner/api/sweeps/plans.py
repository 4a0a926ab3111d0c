"""What a sweep found: its plans with the table's filters and orders, a page as JSON or all of them as a file."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponseBase, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from planner.api import problems
from planner.api.base import ApiView, address
from planner.api.problems import Problem
from planner.api.renderers import CsvRenderer, JsonLinesRenderer, JsonRenderer, MarkdownRenderer, TextRenderer
from planner.api.sweeps.rows import row_of
from planner.api.sweeps.serializers import SweptPageSerializer
from planner.api.sweeps.views import find
from planner.sweeps.models import Sweep
from planner.sweeps.results.cursors import CursorError
from planner.sweeps.results.store import Results, ResultsMissing
from planner.sweeps.results.table import table_page
from planner.sweeps.views.export_view import export
from planner.sweeps.views.rows_form import SORTS, RowsForm

# Parameters of the API by the field of the page's form: ``format`` is the format of the answer here.
FIELDS = {
    "search": "q",
    "machine": "machine",
    "model": "model",
    "verdict": "verdict",
    "weight_format": "format",
    "kv_format": "kv_format",
    "runtime": "runtime",
    "context_tokens": "context",
    "concurrency": "users",
    "decode_tps_min": "speed",
    "bits_min": "bits",
    "need_gib_max": "need",
    "price_usd_max": "price",
    "ordering": "sort",
    "cursor": "cursor",
}
TOLD = {
    "search": "Words of the names of machine, model, format and program.",
    "machine": "Slug or name of a machine or device of the sweep.",
    "model": "Slug or name of a model of the sweep.",
    "verdict": "runs, fits, tight, offload, no, …",
    "weight_format": "Slug of a weight format of the sweep.",
    "kv_format": "Slug of a KV format of the sweep.",
    "runtime": "A program of the sweep, such as llama-cpp/CUDA.",
    "context_tokens": "One of the sweep's contexts.",
    "concurrency": "One of the sweep's numbers of users.",
    "decode_tps_min": "Writing speed of one conversation, at least (tokens/s).",
    "bits_min": "Bits per weight, at least.",
    "need_gib_max": "Memory needed, at most (GiB).",
    "price_usd_max": "Launch price of the devices, at most (USD).",
    "ordering": f"Order; “-” turns it round: {', '.join(key for key in SORTS if not key.startswith('-'))}.",
    "cursor": "A place in the table, from “next” or “previous”.",
}


class ParquetRenderer(TextRenderer):
    media_type = "application/vnd.apache.parquet"
    format = "parquet"
    charset = None


class SweepPlans(ApiView):
    """Plans of a sweep's result."""

    is_conditional = False
    parameters = tuple(FIELDS)
    renderer_classes = (JsonRenderer, CsvRenderer, JsonLinesRenderer, ParquetRenderer, MarkdownRenderer)
    problem_statuses = (409, 503)

    @extend_schema(
        operation_id="sweeps_plans",
        summary="Results of a sweep: its plans",
        parameters=[OpenApiParameter(name, str, description=text) for name, text in TOLD.items()],
        responses={
            (200, "application/json"): OpenApiResponse(
                SweptPageSerializer, "A page of plans, or a file of all."
            ),
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/jsonl"): OpenApiTypes.STR,
            (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
            (200, "text/markdown"): OpenApiTypes.STR,
        },
        description=(
            "Plans that match, in the order asked for: as JSON a page of 50, in the other formats all of them, "
            "streamed. Of a sweep that is not done, what is there so far."
        ),
    )
    def get(self, request: Request, sweep_id: uuid.UUID) -> HttpResponseBase:
        sweep = find(sweep_id)
        try:
            results = Results(sweep)
        except ResultsMissing as missing:
            raise Problem("conflict", f"{missing}: resume it to compute them again.") from None
        form = self.form(request, sweep, results)
        wanted = request.accepted_renderer.format
        return (
            self.page(request, results, form) if wanted == "json" else self.file(request, sweep, form, wanted)
        )

    def form(self, request: Request, sweep: Sweep, results: Results) -> RowsForm:
        """The page's form over the address. Raises a 400 that names every parameter that is wrong."""
        said = QueryDict(mutable=True)
        for name, field in FIELDS.items():
            if name in request.query_params:
                said[field] = request.query_params[name]
        form = RowsForm(said, sweep, results.entries)
        if not form.is_valid():
            names = {field: name for name, field in FIELDS.items()}
            errors: list[dict[str, Any]] = [
                {"detail": str(text), "parameter": names.get(field, field)}
                for field, texts in form.errors.items()
                for text in texts
            ]
            raise Problem("bad-parameter", problems.summary(errors), errors)
        return form

    def page(self, request: Request, results: Results, form: RowsForm) -> Response:
        """The page that the cursor leads to."""
        try:
            found = table_page(
                results, form.rows_query(), form.value("sort") or "", form.value("cursor") or ""
            )
        except CursorError as error:
            raise Problem(
                "bad-parameter", str(error), [{"detail": str(error), "parameter": "cursor"}]
            ) from None
        response = Response(
            {
                "count": found.n_matching,
                "first_number": found.first_number,
                "next": self.place(request, results, found.next_cursor),
                "previous": self.place(request, results, found.previous_cursor),
                "results": [row_of(results.entries, plan) for plan in found.rows],
            }
        )
        response["Cache-Control"] = "no-store"
        return response

    def place(self, request: Request, results: Results, cursor: str) -> str | None:
        """The address of the same table at another place."""
        if not cursor:
            return None
        query = request.query_params.copy()
        query["cursor"] = cursor
        return f"{address(request, 'api:sweep-plans', str(results.sweep_id))}?{query.urlencode()}"

    def file(self, request: Request, sweep: Sweep, form: RowsForm, wanted: str) -> HttpResponseBase:
        """All plans that match, as the page exports them."""
        query = QueryDict(form.query(cursor=""), mutable=True)
        # the first ``format`` is the file's, the second the weights'
        query.setlist("format", [wanted, *query.getlist("format")])
        asked = request._request
        asked.GET = query
        response = export(asked, sweep.pk)
        if response.status_code < 400:
            return response
        if response.status_code == 503:
            busy = Problem("unavailable", "Other exports are being made right now.")
            busy.wait = int(response.headers.get("Retry-After", 60))
            raise busy
        raise Problem("conflict", "There is nothing to export yet; its address says how far it is.")
