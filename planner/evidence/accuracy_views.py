"""The page of the accuracy."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from planner.evidence.accuracy import accuracy_context, platforms
from planner.evidence.accuracy_words import METRIC_WORDS


@require_safe
def accuracy(request: HttpRequest) -> HttpResponse:
    """How right predictions of one quantity are (``metric``), one platform pointed out where asked (``platform``)."""
    metric = request.GET.get("metric") or "decode"
    if metric not in METRIC_WORDS:
        raise Http404(f"there is no quantity {metric!r}: decode, prefill and ttft are judged")
    platform = request.GET.get("platform", "")
    if platform and platform not in platforms(metric):
        raise Http404(f"no group of measurements is called {platform!r}")
    return render(request, "evidence/accuracy.html", accuracy_context(metric, platform))
