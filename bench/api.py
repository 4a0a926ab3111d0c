"""What the REST API answers in a second: gunicorn over loopback, four clients, beside a view that does nothing.

The server is that of ``manage.py serve`` with a database of its own, a copy: planning keeps what it answers. Slices of
all kinds of requests alternate, so that a slow moment of the machine falls on each.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.load import Request

ROOT = Path(__file__).parents[1]
CLIENTS = 4
ROUNDS = 3
SLICE_S = 2.0
START_S = 120
DEVICES = (
    "nvidia-geforce-rtx-4090",
    "apple-m3-ultra-80-core-gpu",
    "amd-radeon-rx-7900-xtx",
    "nvidia-h100-sxm5-80-gb",
)
MODELS = ("llama-3-1-8b", "gpt-oss-20b", "deepseek-r1", "qwen3-8b")
EMPTY, DEVICE, NEW_PLAN, KNOWN_PLAN, KEPT_PLAN = (
    "empty",
    "get_device",
    "post_plan",
    "post_known_plan",
    "get_plan",
)


def measure_api() -> dict[str, float]:
    """Requests per second of each kind, the 99th percentile of their time, and their rates over the empty view's."""
    with tempfile.TemporaryDirectory(prefix="sizewise-bench-") as folder, serving(Path(folder)) as port:
        known = _known_plan(port)
        asked: Mapping[str, Iterator[list[Request]]] = {
            EMPTY: _same(("GET", "/bench/empty", "")),
            DEVICE: _same(("GET", "/api/v1/devices/nvidia-geforce-rtx-4090/", "")),
            NEW_PLAN: _new_plans(),
            KNOWN_PLAN: _same(
                ("POST", "/api/v1/plans/", _question("nvidia-geforce-rtx-4090", "llama-3-1-8b", 4096))
            ),
            KEPT_PLAN: _same(("GET", known, "")),
        }
        for requests in asked.values():
            run(port, requests, SLICE_S)  # warm
        seconds: dict[str, list[float]] = {kind: [] for kind in asked}
        for _ in range(ROUNDS):
            for kind, requests in asked.items():
                seconds[kind] += run(port, requests, SLICE_S)
    return figures(seconds)


def figures(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """The figures of the times of all requests by kind."""
    per_s = {kind: len(found) / (ROUNDS * SLICE_S) for kind, found in seconds.items()}
    found = {f"api_{kind}_per_s": rate for kind, rate in per_s.items()}
    for kind, times in seconds.items():
        found[f"api_{kind}_ms_p99"] = statistics.quantiles(times, n=100)[98] * 1e3
        if kind != EMPTY:
            found[f"api_{kind}_rate_over_empty_view"] = per_s[kind] / per_s[EMPTY]
    return found


def run(port: int, requests: Iterator[list[Request]], for_s: float) -> list[float]:
    """Seconds of every request that the clients sent together. RuntimeError where one was refused."""
    clients = []
    for _ in range(CLIENTS):
        client = subprocess.Popen(
            [sys.executable, "-m", "bench.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        clients.append((client, json.dumps({"port": port, "requests": next(requests), "seconds": for_s})))
    # all are up before the first begins
    time.sleep(0.2)
    for client, asked in clients:
        assert client.stdin is not None  # noqa: S101
        client.stdin.write(asked)
        client.stdin.close()
    found: list[float] = []
    for client, _ in clients:
        assert client.stdout is not None  # noqa: S101
        found += json.loads(client.stdout.read() or "[]")
        if client.wait() != 0:
            raise RuntimeError("a request was refused; see above")
    return found


def _same(request: Request) -> Iterator[list[Request]]:
    while True:
        yield [request]


def _new_plans() -> Iterator[list[Request]]:
    """Questions that nobody has asked before, more than a client can send in a slice."""
    numbers = count()
    while True:
        requests: list[Request] = []
        for _ in range(int(400 * SLICE_S)):
            number = next(numbers)
            device, model = DEVICES[number % 4], MODELS[number // 4 % 4]
            requests.append(("POST", "/api/v1/plans/", _question(device, model, 2048 + number)))
        yield requests


def _question(device: str, model: str, context_tokens: int) -> str:
    return json.dumps({"device": device, "model": model, "context_tokens": context_tokens})


def _known_plan(port: int) -> str:
    """The path of a kept plan."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/plans/",
        data=_question("nvidia-geforce-rtx-4090", "llama-3-1-8b", 4096).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310 (the address is ours)
        plan_id: str = json.load(response)["id"]
    return f"/api/v1/plans/{plan_id}/"


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """The web server with a copy of the database, without limits; gives its port."""
    from django.conf import settings
    from django.db import connection

    database = folder / "bench.sqlite3"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        **{f"API_{name}_PER_MINUTE": "0" for name in ("READS", "PLANS", "ROWS")},
    }
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(settings.DATABASES["default"]["NAME"], database)
        environment["DATABASE_URL"] = f"sqlite:///{database}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        listener.set_inheritable(True)
        server = subprocess.Popen(  # noqa: S603 (the interpreter and module are ours)
            [
                *(sys.executable, "-m", "gunicorn", "planner.wsgi", "--config", "python:planner.webserver"),
                *("--bind", f"fd://{listener.fileno()}", "--chdir", str(ROOT)),
            ],
            env=environment,
            pass_fds=[listener.fileno()],
        )
        try:
            _wait(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until it answers. RuntimeError where it stops or takes too long."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=START_S):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the web server does not answer")
