"""What becomes of an exception in a view: a problem, and a line in the log where it is our fault."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.signals import got_request_exception
from rest_framework.response import Response
from rest_framework.views import set_rollback

from planner.api.problems import MEDIA_TYPE, as_problem, document

logger = logging.getLogger(__name__)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Every exception of a view as a problem; what nobody foresaw is logged and told as our fault."""
    set_rollback()
    problem = as_problem(error)
    if problem.kind.status == 500:
        logger.exception("%s failed", context["request"].path, exc_info=error)
        got_request_exception.send(sender=exception_handler, request=context["request"]._request)
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(int(wait), 1))
    return Response(document(problem), status=problem.kind.status, headers=headers, content_type=MEDIA_TYPE)
