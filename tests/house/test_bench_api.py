"""The benchmark of the API counts what it says, and a refused request is no figure."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from bench import api, load


class Answers(socketserver.BaseRequestHandler):
    """Answers 204 to all paths but /no, over one connection."""

    def handle(self) -> None:
        while data := self.request.recv(65536):
            status = "404 Not Found" if b"GET /no" in data else "200 OK"
            self.request.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nhello".encode())


@pytest.fixture
def port() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_each_request_is_timed(port: int) -> None:
    found = list(load.seconds_each(port, [("GET", "/yes", ""), ("POST", "/yes", "{}")], 0.2))
    assert len(found) > 2
    assert 0 < sum(found) < 0.5


def test_a_refused_request_is_no_figure(port: int) -> None:
    with pytest.raises(load.Refused, match="404"):
        list(load.seconds_each(port, [("GET", "/no", "")], 0.2))


def test_new_questions_are_never_the_same() -> None:
    bodies = [body for requests in islice(api._new_plans(), 3) for _, _, body in requests]
    assert len(bodies) == len(set(bodies))
    assert {"device", "model", "context_tokens"} == json.loads(bodies[0]).keys()


def test_the_figures_are_ratios_to_the_empty_view() -> None:
    slices = api.ROUNDS * api.SLICE_S
    found = api.figures(
        {api.EMPTY: [0.001] * 1000, api.NEW_PLAN: [0.004] * 250, api.KEPT_PLAN: [0.002] * 500}
    )
    assert found["api_empty_per_s"] == 1000 / slices
    assert found["api_post_plan_rate_over_empty_view"] == 0.25
    assert found["api_get_plan_ms_p99"] == pytest.approx(2)
    assert "api_empty_rate_over_empty_view" not in found
