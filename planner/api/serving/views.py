"""Sizing a service: which devices, how many and how, for so many people."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from planner.api.base import ApiView
from planner.api.serving.question import ServingQuestionSerializer, asked_from, impossible
from planner.api.serving.serializers import SizingSerializer
from planner.api.throttling import PLAN
from planner.plans.errors import PlanError
from planner.serving.document import document_of
from planner.serving.sizing import size


class ServingList(ApiView):
    """Ask which machines serve so many people within two limits of time. The cheapest come first."""

    write_scope = PLAN

    @extend_schema(
        operation_id="serving_size",
        request=ServingQuestionSerializer,
        responses={200: OpenApiResponse(SizingSerializer, "The machines that serve it.")},
    )
    def post(self, request: Request) -> Response:
        asked = asked_from(request.data)
        try:
            found = size(asked.question)
        except PlanError as error:
            raise impossible(error) from None
        return Response(document_of(found, every=asked.every, limit=asked.limit))
