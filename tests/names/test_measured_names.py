"""The names in the shipped measurements: nearly all that are in the catalog are answered, and quickly."""

from __future__ import annotations

import csv
import time
from collections import Counter

import pytest

from hardware_catalog.files import DATA, load_rows
from hardware_catalog.names import NameIndex


@pytest.fixture(scope="module")
def measurements() -> list[dict[str, str]]:
    with (DATA / "measurements.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_whose_device_and_model_are_known_are_answered(
    names: NameIndex, measurements: list[dict[str, str]]
) -> None:
    known = answered = 0
    for row in measurements:
        device = names.resolve_device(
            row["device"],
            memory_gb=float(row["device_mem_gb"]) if row["device_mem_gb"] else None,
            bandwidth_gbs=float(row["device_bw_gbs"]) if row["device_bw_gbs"] else None,
            backend=row["backend"] or None,
        )
        model = names.resolve_model(row["model"])
        if "not_in_catalog" not in (device.status, model.status):
            known += 1
            answered += device.answerable and model.answerable
    assert known > 0.97 * len(measurements)
    assert answered > 0.948 * known, f"{answered} of {known}"


def test_most_texts_are_understood(names: NameIndex, measurements: list[dict[str, str]]) -> None:
    models = Counter(names.resolve_model(row["model"]).answerable for row in measurements)
    formats = Counter(names.resolve_format(row["quant"]).status for row in measurements if row["quant"])
    runtimes = Counter(names.resolve_runtime(row["runtime"]).status for row in measurements)
    backends = Counter(names.resolve_backend(row["backend"]).status for row in measurements)
    assert models[True] > 0.985 * models.total()
    assert formats["ok"] + formats["not_stated"] > 0.95 * formats.total()
    assert runtimes["ok"] > 0.985 * runtimes.total()
    assert backends["ok"] + backends["not_stated"] > 0.99 * backends.total()


def test_building_and_resolving_are_quick(measurements: list[dict[str, str]]) -> None:
    rows = load_rows()
    begin = time.perf_counter()
    names = NameIndex.build(rows)
    assert time.perf_counter() - begin < 5.0  # about 0.4 s on an idle core
    begin = time.perf_counter()
    for row in rows.devices:
        names.resolve_device(row.name)
    each = (time.perf_counter() - begin) / len(rows.devices)
    assert each < 1e-3  # about 60 µs on an idle core
    begin = time.perf_counter()
    texts = sorted({row["device"] for row in measurements})
    for text in texts:
        names.resolve_device(text)
    assert (time.perf_counter() - begin) / len(texts) < 2e-2  # about 1 ms on an idle core
