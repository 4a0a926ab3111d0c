"""The product's addresses and, under the same middleware, a view that does nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from planner import urls


def empty(request: HttpRequest) -> HttpResponse:
    """Answer with nothing: what every request costs anyhow."""
    return HttpResponse()


urlpatterns = [path("bench/empty", empty), *urls.urlpatterns]
