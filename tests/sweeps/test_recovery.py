"""Sweeps on real processes that are killed midway: the result is that of a run that nobody disturbed."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pytest_django import DjangoDbBlocker

from planner.sweeps.definition import Definition, Selection, as_json
from tests import databases
from tests.sweeps.served import Process, Served, gone, serving

pytestmark = pytest.mark.django_db

SMALL = as_json(
    Definition(
        devices=Selection(slugs=("nvidia-geforce-rtx-4090", "nvidia-geforce-rtx-3090")),
        models=Selection(all=True),
        contexts_tokens=(4096, 32768),
        concurrency=(1, 8),
        keep="all",
    )
)
CHUNK_PLANS = 1200


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Served]:
    """One server for all of these: each leaves it able to work."""
    folder = tmp_path_factory.mktemp("served")
    with django_db_blocker.unblock():
        url = databases.new_database(folder)
    with serving(url, folder) as running:
        yield running
    with django_db_blocker.unblock():
        databases.drop(url)


@pytest.fixture(scope="module")
def undisturbed(served: Served) -> dict[str, Any]:
    """The result of a run without any trouble: the first, so nothing has been logged until its end."""
    result = served.done(start(served))
    assert served.log.read_text(encoding="utf-8") == ""
    return result


def start(served: Served) -> str:
    sweep: str = served.call("create", definition=SMALL, chunk_plans=CHUNK_PLANS)
    return sweep


def same(result: dict[str, Any], undisturbed: dict[str, Any]) -> None:
    """The same files with the same rows and content, and nothing else."""
    assert result["files"] == undisturbed["files"]
    assert result["wrong"] == []
    assert result["strange"] == []


def test_each_plan_is_in_the_result_once(undisturbed: dict[str, Any]) -> None:
    folder, n_plans = undisturbed["folder"], undisturbed["n_plans"]
    assert len(undisturbed["files"]) > 50
    same(undisturbed, undisturbed)
    rows = duckdb.read_parquet(f"{folder}/rows-*.parquet")
    found = rows.aggregate("count(*), count(DISTINCT plan), min(plan), max(plan)")
    assert found.fetchall() == [(n_plans, n_plans, 0, n_plans - 1)]


def test_a_killed_process_of_the_worker(served: Served, undisturbed: dict[str, Any]) -> None:
    sweep = start(served)
    served.midway(sweep)
    served.pool[0].kill()
    result = served.done(sweep)
    same(result, undisturbed)


def test_a_killed_worker_with_all_its_processes(served: Served, undisturbed: dict[str, Any]) -> None:
    sweep = start(served)
    served.midway(sweep)
    killed = [served.worker, *served.pool]
    for process in killed:
        process.kill()
    assert gone(killed) == []
    same(served.done(sweep), undisturbed)


def test_a_killed_broker_and_a_killed_web_server(served: Served, undisturbed: dict[str, Any]) -> None:
    sweep = start(served)
    served.midway(sweep, 0.2)
    served.processes("valkey-server")[0].kill()
    served.midway(sweep, 0.5)
    served.processes("gunicorn")[0].kill()
    same(served.done(sweep), undisturbed)


def test_a_stopped_sweep_stops_and_goes_on(served: Served, undisturbed: dict[str, Any]) -> None:
    sweep = start(served)
    served.midway(sweep)
    served.call("act", sweep=sweep, what="stop")
    stopped = time.monotonic()
    found = served.until(sweep, lambda found: found["leased"] == 0)
    assert time.monotonic() - stopped < 2
    time.sleep(0.3)
    assert served.call("look", sweep=sweep)["n_done"] == found["n_done"]
    assert served.call("result", sweep=sweep)["strange"] == []
    served.call("act", sweep=sweep, what="resume")
    same(served.done(sweep), undisturbed)


def test_two_sweeps_share_the_worker(served: Served, undisturbed: dict[str, Any]) -> None:
    sweeps = [start(served), start(served)]
    for sweep in sweeps:
        same(served.done(sweep), undisturbed)
    order = served.call("finishing_order", sweeps=sweeps)
    half = order[len(order) // 10 : len(order) // 2]
    assert 0.3 < half.count(sweeps[0]) / len(half) < 0.7


def test_a_full_disk(served: Served) -> None:
    """What a process may write is limited to files of a megabyte, which its chunk's file exceeds."""
    definition = SMALL | {"contexts_tokens": [2048 * n for n in range(1, 9)]}
    sweep = served.call("create", definition=definition, chunk_plans=1_000_000)
    served.call("act", sweep=sweep, what="stop")
    served.call("checkpoint")
    pool = served.pool
    limit(pool, 1_000_000)
    try:
        served.call("act", sweep=sweep, what="resume")
        found = served.until(sweep, lambda found: found["state"] == "failed")
    finally:
        limit(pool, resource.RLIM_INFINITY)
    result = served.call("result", sweep=sweep)
    assert "The disk is full" in found["reason"]
    assert result["folder"] in found["reason"]
    assert (result["files"], result["strange"]) == ({}, [])
    served.call("act", sweep=sweep, what="resume")
    assert served.done(sweep)["wrong"] == []


def limit(processes: list[Process], n_bytes: int) -> None:
    for process in processes:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))


def test_a_folder_that_cannot_be_written(served: Served, undisturbed: dict[str, Any]) -> None:
    sweep = start(served)
    served.midway(sweep, 0.1)
    folder = Path(served.call("result", sweep=sweep)["folder"])
    moved = folder.rename(folder.with_suffix(".moved"))
    folder.write_text("a file in its place", encoding="ascii")
    found = served.until(sweep, lambda found: found["state"] == "failed")
    assert f"{folder} cannot be written (it is a file)" in found["reason"]
    folder.unlink()
    shutil.rmtree(moved)
    served.call("act", sweep=sweep, what="resume")
    same(served.done(sweep), undisturbed)


def test_a_deleted_sweep_leaves_nothing(served: Served) -> None:
    sweep = start(served)
    served.midway(sweep, 0.1)
    folder = served.results / sweep
    assert folder.is_dir()
    served.call("act", sweep=sweep, what="delete")
    deadline = time.monotonic() + 10
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


def test_nothing_is_left_when_the_server_stops(served: Served) -> None:
    """The last test of this file: the server is not there afterwards."""
    processes, n_workers = served.processes(), served.call("n_workers")
    served.server.terminate()
    assert served.server.wait(timeout=60) == 0
    assert gone(processes) == []
    assert served.call("n_workers") < n_workers  # not none: one that was killed is remembered for a minute
