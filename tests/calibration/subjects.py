"""Subjects for observations of known truth: real entries of the shipped catalog, chosen by the row's number."""

from __future__ import annotations

import math
from functools import cache

from hardware_catalog.files import load_rows
from hardware_catalog.rows import CatalogRows
from planner.calibration.load import Data
from planner.calibration.problem import Observations
from planner.calibration.subjects import Subject, WeightCounts


@cache
def shipped_rows() -> CatalogRows:
    return load_rows()


def make_subject(**changes: object) -> Subject:
    """An RTX 4090 that runs an 8B model in Q4_K_M with llama.cpp, or what ``changes`` say."""
    rows = shipped_rows()
    entries = {
        "device": next(d for d in rows.devices if d.slug == "nvidia-geforce-rtx-4090"),
        "model": next(m for m in rows.models if m.slug == "llama-3-1-8b"),
        "format": next(f for f in rows.formats if f.slug == "q4-k-m"),
        "runtime": next(r for r in rows.runtimes if r.slug == "llama-cpp"),
    }
    values: dict[str, object] = {
        "id": "row",
        "metric": "decode",
        "source_url": "https://example.org/run",
        "source_date": "2026-05-18",
        "family": "tester",
        "unit": changes.get("family", "tester"),
        "notes": "",
        "judged_only": "",
        "relative_stddev": math.nan,
        "memory_bytes": 24 * 2.0**30,
        "model_kind": "gqa",
        "counts": WeightCounts(8_030_261_248, 7_504_924_672, 0, 8_030_261_248, 1, 1),
        "weights_bytes": 4.9e9,
        "read_bytes": 4.6e9,
        "runtime_version": "",
        "backend": "CUDA",
        "prompt_tokens": 512,
        "depth_tokens": 0,
        "output_tokens": 128,
        "concurrency": 1,
        "device_count": 1,
        **entries,
        **changes,
    }
    return Subject(**values)  # type: ignore[arg-type]


def make_data(observations: Observations, sha256: str = "sha") -> Data:
    """The observations with a subject for each."""
    devices = shipped_rows().devices
    return Data(
        observations=observations,
        subjects=tuple(
            make_subject(
                id=str(observations.ids[i]),
                metric=str(observations.metric[i]),
                family=str(observations.family[i]),
                unit=str(observations.family[i]),
                device=devices[i % 7],
                backend=str(observations.values[i]["backend"]),
            )
            for i in range(len(observations))
        ),
        outcomes=(),
        sha256=sha256,
    )
