"""What one answer of the form costs the server, beside a view that does nothing."""

from __future__ import annotations

import io
import statistics
import time
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication
from wsgiref.util import setup_testing_defaults

from django.core.wsgi import get_wsgi_application

from planner.plans.examples import EXAMPLES

WARM_UP_ROUNDS = 3
ROUNDS = 100


def measure_form() -> dict[str, float]:
    """Return the median server time of an answer in ms, and that time over the empty view's.

    The questions are those that the page offers as examples. Requests go through the whole WSGI application
    in this process: no network, no browser. Answers and empty requests alternate, so that a slow moment of
    the machine falls on both.
    """
    application = get_wsgi_application()
    answers: list[float] = []
    empties: list[float] = []
    for round_number in range(WARM_UP_ROUNDS + ROUNDS):
        for example in EXAMPLES:
            answer_ms = _request_ms(application, "/", example.query)
            empty_ms = _request_ms(application, "/bench/empty", "")
            if round_number >= WARM_UP_ROUNDS:
                answers.append(answer_ms)
                empties.append(empty_ms)
    answer_ms, empty_ms = statistics.median(answers), statistics.median(empties)
    return {"form_answer_ms_p50": answer_ms, "form_answer_over_empty_view": answer_ms / empty_ms}


def _request_ms(application: WSGIApplication, path: str, query: str) -> float:
    """Return the milliseconds of one GET, read to its end; raises RuntimeError unless answered 200."""
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        statuses.append(status)

    environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query, "wsgi.input": io.BytesIO()}
    setup_testing_defaults(environ)
    started = time.perf_counter()
    response = _consume(application, environ, start_response)
    elapsed = time.perf_counter() - started
    if statuses != ["200 OK"]:
        raise RuntimeError(f"GET {path}?{query} was answered {statuses[0]}: {response[:500]!r}")
    return elapsed * 1e3


def _consume(application: WSGIApplication, environ: dict[str, Any], start_response: StartResponse) -> bytes:
    response = application(environ, start_response)
    try:
        return b"".join(response)
    finally:
        if close := getattr(response, "close", None):
            close()
