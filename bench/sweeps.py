"""A sweep of ten million plans end to end: real broker, real worker processes, files, summary; then reading it.

Run by itself (``python -m bench.sweeps``) it prints the figures as JSON; it then fills the database and the folder for
results of its environment, as :func:`measure_sweeps` has it do with its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[1]
# All machines and models, every common format that runs there: more than ten million plans.
DEFINITION: dict[str, Any] = {
    "machines": {"all": True},
    "models": {"all": True},
    "contexts_tokens": [4096, 16384, 32768],
    "keep": "all",
}
KEEPS = ("all", "running", "best")
TEN_BILLION = 10**10
ROUNDS = 7
# The pages of a result, by what is measured of them.
PAGES = {
    "overview": "",
    "table": "plans/",
    "table_sorted": "plans/?sort=-decode",
    "table_filtered": "plans/?speed=20&need=24&sort=need",
    "table_of_model": "plans/?model=qwen3-8b&sort=-decode",
    "heat_map": "heat-map/",
    "front": "front/",
    "contexts": "contexts/",
}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
STEP = 2**18
START_S, SWEEP_S = 120.0, 600.0


def measure_sweeps() -> dict[str, float]:
    """Measure with a database and results of its own; raises CalledProcessError where that fails."""
    with tempfile.TemporaryDirectory(prefix="sizewise-bench-") as folder:
        environment = os.environ | ONE_THREAD
        environment |= {
            "DATABASE_URL": f"sqlite:///{folder}/sizewise.sqlite3",
            "RESULTS_DIR": f"{folder}/results",
            "DJANGO_SETTINGS_MODULE": "bench.settings",
        }
        environment.pop("REDIS_URL", None)
        run = subprocess.run(
            [sys.executable, "-m", "bench.sweeps"],
            env=environment,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    found: dict[str, float] = json.loads(run.stdout)
    return found


def figures() -> dict[str, float]:
    """All figures; Django is set up and the database empty."""
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_catalog", verbosity=0)
    Path(settings.RESULTS_DIR).mkdir(parents=True, exist_ok=True)
    found = _alone()
    with _broker():
        one = _computed(1, "all")
        by_keep = {keep: _computed(2, keep) for keep in KEEPS}
    two = by_keep["all"]
    found |= {
        "sweep_plans": two.n_plans,
        "sweep_s_1_process": one.seconds,
        "sweep_s_2_processes": two.seconds,
        "sweep_speed_up_2_processes": one.seconds / two.seconds,
        "sweep_plans_per_s_2_processes": two.n_plans / two.seconds,
        "sweep_summing_up_s": two.closing_s,
        "sweep_process_peak_mb": max(run.peak_mb for run in (one, *by_keep.values())),
        "sweep_time_over_engine_alone": one.seconds / found["sweep_engine_alone_s"],
    }
    found |= {f"sweep_s_2_processes_keeping_{keep}": run.seconds for keep, run in by_keep.items()}
    found |= {f"sweep_bytes_per_plan_keeping_{keep}": run.bytes_per_plan for keep, run in by_keep.items()}
    found |= of_ten_billion(found)
    found |= reading(two.sweep)
    found |= exports(two.sweep)
    return found


def of_ten_billion(found: dict[str, float]) -> dict[str, float]:
    """What a sweep of ten billion plans takes by these unit costs: hours of one process, and its result's size."""
    per_s = found["sweep_plans_per_s_2_processes"] / 2
    return {"sweep_ten_billion_process_hours": TEN_BILLION / per_s / 3600} | {
        f"sweep_ten_billion_gb_keeping_{keep}": found[f"sweep_bytes_per_plan_keeping_{keep}"]
        * TEN_BILLION
        / 1e9
        for keep in KEEPS
    }


def _alone() -> dict[str, float]:
    """Seconds for the same plans in this process: by the bare engine, and as columns; both without files."""
    from planner.snapshot import current
    from planner.sweeps.definition import of_json
    from planner.sweeps.grid.evaluating import Evaluator
    from planner.sweeps.grid.sweep_grid import SweepGrid

    def engine_alone(self: Any, grid: Any, start: int, stop: int, *unused: Any) -> None:
        for _ in self._engine(int(grid.axes.runtime[0])).blocks(self.table_rows(grid), start, stop):
            pass

    grid = SweepGrid.build(of_json(DEFINITION), current())
    rows_s = _all_rows_s(grid)
    with patch.object(Evaluator, "fill", engine_alone):
        return {"sweep_engine_alone_s": _all_rows_s(grid), "sweep_rows_alone_s": rows_s}


def _all_rows_s(grid: Any) -> float:
    grid.rows(0, 1000)
    began = time.perf_counter()
    for start in range(0, grid.n_plans, STEP):
        grid.rows(start, min(start + STEP, grid.n_plans))
    return time.perf_counter() - began


@contextmanager
def _broker() -> Iterator[None]:
    from django.conf import settings

    from planner import broker

    broker.prepare(settings.BROKER_FOLDER)
    process = subprocess.Popen(  # noqa: S603
        broker.command(settings.BROKER_FOLDER, broker.server_program()), stdout=sys.stderr
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _worker(processes: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with so many processes, once it has given its sign of life."""
    from planner.sweeps.models import Worker

    command = [sys.executable, "-m", "celery", "--quiet", "-A", "planner", "worker", "--loglevel", "WARNING"]
    process = subprocess.Popen(  # noqa: S603
        [*command, "--concurrency", str(processes)], cwd=ROOT, stdout=sys.stderr
    )
    try:
        _until(lambda: Worker.objects.filter(processes=processes).exists(), START_S)
        yield process
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Computed:
    """A sweep that was computed: seconds from asking to the end, of them for summing up; peak memory of a process."""

    sweep: Any
    seconds: float
    peak_mb: float

    @property
    def n_plans(self) -> int:
        return int(self.sweep.n_plans)

    @property
    def bytes_per_plan(self) -> float:
        """Of all plans computed, whether they are kept or not."""
        return float(sum(file.n_bytes for file in self.sweep.files.all())) / self.n_plans

    @property
    def closing_s(self) -> float:
        return float(self.sweep.chunks.get(start=self.n_plans).seconds)


def _computed(processes: int, keep: str) -> Computed:
    """Compute the sweep on so many processes."""
    from planner.snapshot import current
    from planner.sweeps.definition import of_json
    from planner.sweeps.models import Sweep
    from planner.sweeps.work import services

    peaks: dict[int, float] = {}
    with _worker(processes) as worker:
        began = time.perf_counter()
        asked = of_json({**DEFINITION, "keep": keep})
        sweep = services.create(asked, name="bench", owner="", snapshot=current())

        def is_done() -> bool:
            peaks.update({pid: _peak_mb(pid) for pid in _children(worker.pid)})
            sweep.refresh_from_db(fields=["state", "reason"])
            if sweep.state == Sweep.State.FAILED:
                raise RuntimeError(sweep.reason)
            return sweep.state == Sweep.State.DONE

        _until(is_done, SWEEP_S)
        return Computed(sweep, time.perf_counter() - began, max(peaks.values()))


def _until(is_so: Callable[[], bool], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the bench's worker takes too long")
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


def reading(sweep: Any) -> dict[str, float]:
    """Median milliseconds of each page of the result, drawn whole, without what was kept of the last drawing."""
    return {f"sweep_{name}_ms": _page_ms(f"/sweeps/{sweep.pk}/{rest}") for name, rest in PAGES.items()} | {
        "sweep_table_deep_ms": _page_ms(f"/sweeps/{sweep.pk}/plans/?sort=-decode&cursor={_deep_place(sweep)}")
    }


def _page_ms(address: str) -> float:
    from django.test import Client

    from planner.sweeps.results import counting, reading

    client, took = Client(headers={"host": "127.0.0.1"}), []
    for _ in range(ROUNDS + 1):
        counting._Held.counts.clear()
        reading._Found.values.clear()
        began = time.perf_counter()
        response = client.get(address)
        took.append((time.perf_counter() - began) * 1e3)
        if response.status_code != 200:
            raise RuntimeError(f"GET {address} was answered {response.status_code}")
    return statistics.median(took[1:])


def _deep_place(sweep: Any) -> str:
    """The address of a place in the middle of the table by speed, as the page before it would give it."""
    from planner.sweeps.results.cursors import Cursor
    from planner.sweeps.results.duck import reading
    from planner.sweeps.results.files import FILES, paths
    from planner.sweeps.results.store import Results

    files = paths(Results(sweep).rows)
    (key, n_faster) = (
        reading()
        .execute(
            f"SELECT median(decode_tps), count(decode_tps) // 2 FROM {FILES}",  # noqa: S608
            files,
        )
        .fetchall()[0]
    )
    return Cursor("-decode", True, key, 0, key * 1e-5, n_faster).text()


def exports(sweep: Any) -> dict[str, float]:
    """Seconds of exporting all plans, and the memory that the process grows by at most meanwhile."""
    from django.conf import settings

    from planner.exports.formats import FORMATS
    from planner.exports.streaming import stream
    from planner.sweeps.results.exporting import export_table
    from planner.sweeps.results.query import RowsQuery
    from planner.sweeps.results.store import Results

    found = {}
    for key in FORMATS:
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        before, began, n_bytes = _peak_mb(os.getpid()), time.perf_counter(), 0
        file = stream(key, export_table(Results(sweep), RowsQuery()), settings.VAR_DIR / "spill")
        for block in file:
            n_bytes += len(block)
        file.close()
        found[f"sweep_export_{key}_s"] = time.perf_counter() - began
        found[f"sweep_export_{key}_mb"] = n_bytes / 1e6
        found[f"sweep_export_{key}_growth_mb"] = _peak_mb(os.getpid()) - before
    return found


def main() -> None:
    """Print the figures as JSON."""
    import django

    django.setup()
    sys.stdout.write(json.dumps(figures()))


if __name__ == "__main__":
    main()
