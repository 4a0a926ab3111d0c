"""What one answer of the form costs the server, beside a view that does nothing."""

from __future__ import annotations

import io
import statistics
import time
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication
from wsgiref.util import setup_testing_defaults

from django.core.wsgi import get_wsgi_application

# Questions as people ask them: a card, a Mac, a phone, a server; small and large models, dense and sparse.
QUESTIONS = (
    "machine=rtx-4090&model=llama-3.1-8b",
    "machine=mac-studio-m3-ultra-512gb&model=deepseek-r1",
    "machine=iphone-16-pro&model=llama-3.2-3b",
    "machine=rtx-3060-12gb&model=qwen3-30b-a3b&context=32768",
)
WARM_UP_ROUNDS = 3
ROUNDS = 100


def measure_form() -> dict[str, float]:
    """Return the median server time of an answer in ms, and that time over the empty view's.

    Requests go through the whole WSGI application in this process: no network, no browser. Answers and empty
    requests alternate, so that a slow moment of the machine falls on both.
    """
    application = get_wsgi_application()
    answers: list[float] = []
    empties: list[float] = []
    for round_number in range(WARM_UP_ROUNDS + ROUNDS):
        for question in QUESTIONS:
            answer_ms = _request_ms(application, "/", question)
            empty_ms = _request_ms(application, "/bench/empty", "")
            if round_number >= WARM_UP_ROUNDS:
                answers.append(answer_ms)
                empties.append(empty_ms)
    answer_ms, empty_ms = statistics.median(answers), statistics.median(empties)
    return {"form_answer_ms_p50": answer_ms, "form_answer_over_empty_view": answer_ms / empty_ms}


def _request_ms(application: WSGIApplication, path: str, query: str) -> float:
    """Return the milliseconds of one GET, the body read to its end; raises RuntimeError unless it is answered 200."""
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
