"""Plans: a question is answered and kept, and read again with the same numbers in any of the formats."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from planner.api.base import ApiView, address, conditional, etag_of
from planner.api.plans.cells import COLUMNS, csv_lines, row_of
from planner.api.plans.markdown import markdown_of
from planner.api.plans.question import QuestionSerializer, impossible, question_from
from planner.api.plans.serializers import PlanSerializer
from planner.api.problems import Problem
from planner.api.renderers import CsvRenderer, MarkdownRenderer, TextRenderer
from planner.api.throttling import PLAN
from planner.kept_plans.services import Kept, keep, kept
from planner.plans.errors import PlanError

KEPT_S = 24 * 3600  # a plan never changes


class PlanRenderer(TextRenderer):
    """JSON that is written already."""

    media_type = "application/json"
    format = "json"
    charset = None


RENDERERS = (PlanRenderer, CsvRenderer, MarkdownRenderer)
ANSWERS = {
    ("200", "application/json"): PlanSerializer,
    ("200", "text/csv"): OpenApiTypes.STR,
    ("200", "text/markdown"): OpenApiTypes.STR,
}


class PlanList(ApiView):
    """Ask whether a machine can run a model, and how fast. The answer is kept under its address."""

    renderer_classes = RENDERERS
    write_scope = PLAN

    @extend_schema(
        operation_id="plan_create",
        request=QuestionSerializer,
        responses={
            (201, media_type): OpenApiResponse(kind, "The answer; Location is its address.")
            for (_, media_type), kind in ANSWERS.items()
        },
    )
    def post(self, request: Request) -> Response:
        question = question_from(request.data)
        try:
            found = keep(question)
        except PlanError as error:
            raise impossible(error, request.data) from None
        response = written(request, found, 201)
        response["Location"] = address(request, "api:plan", found.id)
        return response


class PlanDetail(ApiView):
    """A plan that was asked before: the same numbers, whatever the catalog says now."""

    renderer_classes = RENDERERS

    @extend_schema(
        operation_id="plan_retrieve",
        responses={key: OpenApiResponse(kind, "The plan.") for key, kind in ANSWERS.items()},
    )
    def get(self, request: Request, plan_id: str) -> HttpResponseBase:
        found = kept(plan_id)
        if found is None:
            raise Problem("not-found", "No plan is kept under this id: it was never asked here, or long ago.")
        return conditional(
            request, etag_of(request, plan_id), lambda: written(request, found, 200), seconds=KEPT_S
        )


def written(request: Request, found: Kept, status: int) -> Response:
    """The plan in the format that was asked for."""
    url = address(request, "api:plan", found.id)
    wanted = request.accepted_renderer.format
    data: Any
    if wanted == "json":
        html_url = address(request, "kept_plans:plan", found.id)
        head = json.dumps({"url": url, "html_url": html_url}).encode()
        data = head[:-1] + b"," + found.document[1:]
    else:
        plan = json.loads(found.document)
        data = markdown_of(plan, url) if wanted == "md" else b"".join(csv_lines(COLUMNS, [row_of(plan)]))
    return Response(data, status=status)
