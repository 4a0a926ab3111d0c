"""gunicorn's configuration: how `serve` runs the web server."""

from __future__ import annotations

import logging
import os
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.db import connections

worker_class = "gthread"
threads = 8
workers = min(4, max(2, os.process_cpu_count() or 1))
preload_app = True  # the program is loaded once, and its workers share that memory
control_socket_disable = True
loglevel = "warning"
graceful_timeout = 5  # seconds that a request under way gets when the server is stopped

logger = logging.getLogger(__name__)


def when_ready(server: Any) -> None:
    """Ask and answer one question before the workers start: what all answers share is then in their memory."""
    from planner.plans.examples import EXAMPLES  # Django is set up by now

    try:
        for query in ("", EXAMPLES[0].query):
            ask(query)
    except Exception:
        logger.exception("The question cannot be answered: pages will fail.")
    finally:
        connections.close_all()  # no connection may be shared by the workers


def ask(query: str) -> int:
    """Answer the page with this query string, without network and middleware; return the status."""
    from django.core.handlers.wsgi import WSGIRequest
    from django_htmx.middleware import HtmxDetails

    from planner.plans.views import HtmxHttpRequest, index

    class Request(WSGIRequest, HtmxHttpRequest):
        pass

    environ: dict[str, Any] = {"QUERY_STRING": query}
    setup_testing_defaults(environ)
    request = Request(environ)
    request.htmx = HtmxDetails(request)
    return index(request).status_code
