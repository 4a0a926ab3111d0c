"""Outgrowing one machine: PostgreSQL, a Redis server, and workers started by themselves, of which one is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from planner.sweeps.definition import Definition, Selection, as_json
from tests.conftest import ROOT, clean_environment
from tests.sweeps.served import KEY, Served, serving

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("postgresql")]
DEFINITION = as_json(
    Definition(
        devices=Selection(slugs=("nvidia-geforce-rtx-4090", "apple-m3-ultra-80-core-gpu")),
        models=Selection(all=True),
        contexts_tokens=(4096, 32768),
        concurrency=(1, 8),
        keep="all",
    )
)
CHUNK_PLANS = 700
WORKER = ("-m", "celery", "-A", "planner", "worker", "--concurrency", "1", "--loglevel", "WARNING")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server of the test's own."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program, "the test needs redis-server (Debian: redis-server)"
    socket = tmp_path / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path), "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield f"redis+socket://{socket}"
        process.terminate()


@contextmanager
def worker(name: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`celery -A planner worker` with one process, as on a host of its own."""
    process = subprocess.Popen(
        [sys.executable, *WORKER, "--hostname", f"{name}@%h"],
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=60)


def start(served: Served) -> str:
    sweep: str = served.call("create", definition=DEFINITION, chunk_plans=CHUNK_PLANS)
    return sweep


def stop_in_chunks(served: Served, sweep: str, *workers: subprocess.Popen[bytes]) -> None:
    """Halt the workers at a moment at which each computes a chunk."""
    while True:
        for process in workers:
            os.killpg(process.pid, signal.SIGSTOP)
        found = served.call("look", sweep=sweep)
        assert found["state"] == "running", "it was too quick to be disturbed"
        if found["leased"] == len(workers):
            return
        for process in workers:
            os.killpg(process.pid, signal.SIGCONT)
        time.sleep(0.01)


def test_a_worker_that_is_killed_is_made_up_for(new_database: str, redis: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": new_database, "REDIS_URL": redis, "SECRET_KEY": KEY}
    shared = clean_environment(RESULTS_DIR=str(tmp_path / "results"), **environment)
    with (
        serving(new_database, tmp_path, "--web-only", **environment) as served,
        worker("one", shared) as one,
        worker("two", shared) as two,
    ):
        undisturbed = served.done(start(served))
        assert len(undisturbed["files"]) > 20
        assert served.call("n_workers") == 2
        sweep = start(served)
        served.midway(sweep)
        stop_in_chunks(served, sweep, one, two)
        os.killpg(one.pid, signal.SIGKILL)
        os.killpg(two.pid, signal.SIGCONT)
        result = served.done(sweep)
        assert result["files"] == undisturbed["files"]
        assert (result["wrong"], result["strange"]) == ([], [])
        assert result["attempts"] == undisturbed["attempts"] + 1
