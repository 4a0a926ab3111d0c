"""The first address, what is not there, the committed description and the pages that explain it."""

from __future__ import annotations

from typing import Any, NoReturn

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from planner.api import problems, schema
from planner.api.base import ApiView, address, conditional, etag_of
from planner.api.renderers import TextRenderer
from planner.snapshot import current

LISTS = (
    "devices",
    "machines",
    "models",
    "formats",
    "kv-formats",
    "runtimes",
    "measurements",
    "prices",
    "calibrations",
)


class Root(ApiView):
    """What there is, and what answers are computed from at present."""

    @extend_schema(responses=OpenApiTypes.OBJECT, operation_id="root")
    def get(self, request: Request) -> HttpResponseBase:
        snapshot = current()
        return conditional(
            request, etag_of(request, snapshot.sha256), lambda: self.written(request, snapshot)
        )

    def written(self, request: Request, snapshot: Any) -> Response:
        """Addresses by name, and the hashes of catalog and calibration."""
        names = (*LISTS, "plans", "serving", "sweeps", "schema", "docs", "problems")
        return Response(
            {name: address(request, f"api:{name}") for name in names}
            | {
                "snapshot": snapshot.sha256,
                "calibration": {"name": snapshot.active.name, "sha256": snapshot.calibration.sha256},
            }
        )


class SchemaRenderer(TextRenderer):
    media_type = "application/vnd.oai.openapi+json"
    format = "openapi"
    charset = None


class SchemaJsonRenderer(SchemaRenderer):
    media_type = "application/json"
    format = "json"


class SchemaView(ApiView):
    """The description of this API (OpenAPI 3.1)."""

    renderer_classes = (SchemaJsonRenderer, SchemaRenderer)

    @extend_schema(responses=OpenApiTypes.OBJECT, operation_id="schema")
    def get(self, request: Request) -> HttpResponseBase:
        return conditional(request, etag_of(request), lambda: Response(schema.SCHEMA.read_bytes()))


class NotThere(ApiView):
    """Any other address under the API."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        where = problems.shortened(request.path)
        raise Http404(f"There is nothing at {where}. {reverse('api:root')} names what there is.")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise Http404


@csrf_exempt
def with_slash(request: HttpRequest, **_: Any) -> HttpResponseBase:
    """An address without its last slash: sent on with method and body where there is such an address, else 404."""
    path = f"{request.path_info}/"
    try:
        found = resolve(path)
    except Resolver404:
        found = None
    if found is None or found.url_name == "not-there":
        return NotThere.as_view()(request)
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{path}?{query}" if query else path, preserve_request=True)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The description as a page on which every operation can be tried."""
    return render(request, "api/docs.html", {"title": "REST API · Sizewise"})


@require_safe
def explained(request: HttpRequest) -> HttpResponse:
    """What each kind of problem means and what to do about it."""
    context = {"title": "Problems of the API · Sizewise", "kinds": problems.KINDS.values()}
    return render(request, "api/problems.html", context)
