"""What exporting a million plans through the REST API takes: seconds, and memory of the web server."""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.api import serving

MODELS = (
    "llama-3-1-8b",
    "qwen3-8b",
    "gpt-oss-20b",
    "gpt-oss-120b",
    "deepseek-r1",
    "llama-3-2-1b",
    "gemma-3-27b",
)
CONTEXTS = (2048, 4096, 8192, 16384, 32768, 65536, 131072)
CONCURRENCY = (1,)
BLOCK = 2**16


def measure_export() -> dict[str, float]:
    """Compute a sweep of more than a million plans, and export all of them as CSV from a server of its own."""
    from django.conf import settings
    from django.db import connection
    from django.test.utils import override_settings

    from planner.sweeps.work import services

    with tempfile.TemporaryDirectory(prefix="sizewise-bench-") as folder:
        results = Path(folder) / "results"
        with override_settings(RESULTS_DIR=results):
            sweep = _computed()
            os.environ["RESULTS_DIR"] = str(results)
            try:
                with serving(Path(folder)) as port:
                    found = _exported(port, str(sweep.pk))
            finally:
                del os.environ["RESULTS_DIR"]
                services.delete(sweep)
                connection.close()
                shutil.rmtree(settings.RESULTS_DIR, ignore_errors=True)
    return found


def _computed() -> Any:
    from planner.snapshot import current
    from planner.sweeps.definition import Definition, Selection
    from planner.sweeps.work import services
    from planner.sweeps.work.computing import compute_here

    definition = Definition(
        machines=Selection(all=True),
        models=Selection(slugs=tuple(slug for slug in MODELS if slug in current().models)),
        contexts_tokens=CONTEXTS,
        concurrency=CONCURRENCY,
        keep="all",
    )
    sweep = services.create(definition, name="benchmark", owner="benchmark", snapshot=current())
    compute_here(sweep)
    return sweep


def _exported(port: int, sweep: str) -> dict[str, float]:
    before = _server_mb("VmRSS")
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began = time.perf_counter()
    connection.request("GET", f"/api/v1/sweeps/{sweep}/plans/?format=csv")
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"the export was answered {response.status}")
    n_bytes = n_lines = 0
    while block := response.read(BLOCK):
        n_bytes += len(block)
        n_lines += block.count(b"\n")
    seconds = time.perf_counter() - began
    return {
        "api_export_rows": n_lines - 1,
        "api_export_s": seconds,
        "api_export_rows_per_s": (n_lines - 1) / seconds,
        "api_export_mb": n_bytes / 1e6,
        "api_export_server_growth_mb": max(_server_mb("VmHWM") - before, 0.0),
    }


def _server_mb(figure: str) -> float:
    """The largest of the web server's processes, which this process started."""
    sizes = [0.0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text(encoding="utf-8")
            command = (status.parent / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if b"gunicorn" in command and _is_below(status.parent, os.getpid()):
            lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            sizes.append(int(lines[figure].split()[0]) * 1024 / 1e6)
    return max(sizes)


def _is_below(process: Path, ancestor: int) -> bool:
    """Whether a process was started by another, or by one that it started."""
    pid = int(process.name)
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return False
        pid = int(stat.rpartition(")")[2].split()[1])
    return False
