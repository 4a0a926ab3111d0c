"""gunicorn's configuration: how `serve` runs the web server."""

from __future__ import annotations

import logging
import os
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.db import connections
from django.http import HttpResponse

worker_class = "gthread"
threads = 8
workers = min(4, max(2, os.process_cpu_count() or 1))
preload_app = True  # the program is loaded once, and its workers share that memory
control_socket_disable = True
loglevel = "warning"
limit_request_line = 8190  # gunicorn's most: the address of a sweep's definition holds the names in it
graceful_timeout = 5  # seconds that a request under way gets when the server is stopped

logger = logging.getLogger(__name__)


# One page of each kind: what all pages of the kind share is made when the first is drawn.
PAGES = (
    "/",
    "/devices/",
    "/devices/?q=rtx",
    "/models/llama-3-1-8b/",
    "/sweeps/",
    "/sweeps/new/?machines=all&models=all",
    "/measurements/",
    "/accuracy/",
    "/methodology/",
    "/serve/?model=llama-3-1-8b",
)


def when_ready(server: Any) -> None:
    """Draw one page of each kind before the workers start: what they share is then in all workers' memory."""
    from planner.plans.examples import EXAMPLES  # Django is set up by now

    try:
        for address in (*PAGES, f"/?{EXAMPLES[0].query}"):
            ask(address)
    except Exception:
        logger.exception("A page cannot be drawn: it will fail.")
    finally:
        connections.close_all()  # no connection may be shared by the workers


def ask(address: str) -> int:
    """Draw the page at a path with its query, without network and middleware; return the status."""
    from django.core.handlers.wsgi import WSGIRequest
    from django.urls import resolve
    from django_htmx.middleware import HtmxDetails

    from planner.plans.views import HtmxHttpRequest

    class Request(WSGIRequest, HtmxHttpRequest):
        pass

    path, _, query = address.partition("?")
    environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query}
    setup_testing_defaults(environ)
    request = Request(environ)
    request.htmx = HtmxDetails(request)
    view = resolve(path)
    response: HttpResponse = view.func(request, *view.args, **view.kwargs)
    return response.status_code
