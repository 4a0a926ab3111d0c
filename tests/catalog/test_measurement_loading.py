"""Loading measurements: idempotent, outcomes renewed when the catalog changes, what people edit or add is kept."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from hardware_catalog.counts import Count
from hardware_catalog.editing import release
from hardware_catalog.files import DATA
from hardware_catalog.measured import ACCEPTED, FIELD_OF_COLUMN
from hardware_catalog.measurement_file import FILE, CatalogError, read_measurements
from hardware_catalog.measurement_loading import load_measurements, outcomes_digest
from hardware_catalog.models import CatalogVersion, Measurement
from hardware_catalog.rows import CatalogRows

pytestmark = pytest.mark.django_db

PLAIN = {
    "id": "made-up-1",
    "source_url": "https://example.org/made-up",
    "source_date": "2026-05-18",
    "device": "NVIDIA GeForce RTX 4090",
    "device_count": "1",
    "device_mem_gb": "24",
    "model": "Llama-3.1-8B",
    "quant": "Q4_K_M",
    "runtime": "llama.cpp",
    "runtime_version": "b6918",
    "backend": "CUDA",
    "batch": "1",
    "prompt_tokens": "512",
    "ctx_depth": "0",
    "output_tokens": "128",
    "metric": "decode_tps_per_seq",
    "value": "131.5",
    "notes": "llama-bench tg128",
    "source_family": "example.org",
}


def write(folder: Path, *rows: dict[str, str]) -> Path:
    with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(FIELD_OF_COLUMN), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture
def empty() -> None:
    """No measurement but the test's own."""
    Measurement.objects.all()._raw_delete("default")  # nothing refers to the shipped ones


def test_the_shipped_measurements_are_all_there() -> None:
    with (DATA / FILE).open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert Measurement.objects.filter(withdrawn=False).count() == len(rows) == 18_166
    kept = Measurement.objects.get(slug="apple-axengine-002")
    assert kept.device is not None
    assert kept.device.slug == "apple-m5-max-40-core-gpu"
    assert kept.language_model is not None
    assert kept.language_model.slug == "gemma-4-26b-a4b"
    assert kept.weight_format is not None
    assert kept.weight_format.slug == "mlx-4bit"
    assert kept.runtime is not None
    assert kept.runtime.slug == "mlx-lm"
    assert (kept.outcome, kept.year, kept.value, kept.backend) == ("resolved", 2026, 127.94, "Metal")
    assert kept.device_text == "Apple M5 Max (40-core GPU)"
    assert CatalogVersion.objects.latest().counts["measurements"]["created"] == 18_166


@pytest.mark.usefixtures("empty")
def test_loading_again_changes_nothing(tmp_path: Path, shipped: CatalogRows) -> None:
    write(tmp_path, PLAIN, PLAIN | {"id": "made-up-2", "value": "12"})
    count, digest = load_measurements(tmp_path, shipped, "")
    assert count == Count(created=2)
    assert load_measurements(tmp_path, shipped, digest) == (Count(unchanged=2), digest)
    assert load_measurements(tmp_path, shipped, "another") == (Count(unchanged=2), digest)


@pytest.mark.usefixtures("empty")
def test_a_changed_row_is_updated_and_a_gone_one_withdrawn_until_it_is_back(
    tmp_path: Path, shipped: CatalogRows
) -> None:
    second = PLAIN | {"id": "made-up-2"}
    _, digest = load_measurements(write(tmp_path, PLAIN, second), shipped, "")
    count, digest = load_measurements(write(tmp_path, PLAIN | {"value": "99"}), shipped, digest)
    assert count == Count(updated=1, withdrawn=1)
    assert Measurement.objects.get(slug="made-up-1").value == 99
    assert Measurement.objects.get(slug="made-up-2").withdrawn
    count, digest = load_measurements(write(tmp_path, PLAIN | {"value": "99"}, second), shipped, digest)
    assert count == Count(updated=1, unchanged=1)
    assert not Measurement.objects.filter(withdrawn=True).exists()


@pytest.mark.usefixtures("empty")
def test_outcomes_follow_the_catalog(tmp_path: Path, shipped: CatalogRows) -> None:
    without = replace(
        shipped, devices=tuple(d for d in shipped.devices if d.slug != "nvidia-geforce-rtx-4090")
    )
    _, digest = load_measurements(write(tmp_path, PLAIN), without, "")
    assert Measurement.objects.get().outcome == "not_in_catalog"
    assert Measurement.objects.get().device is None
    count, _ = load_measurements(tmp_path, shipped, digest)
    assert count == Count(updated=1)
    assert Measurement.objects.get().outcome == "resolved"


def test_what_names_do_not_depend_on_does_not_make_them_read_again(
    tmp_path: Path, shipped: CatalogRows
) -> None:
    write(tmp_path, PLAIN)
    first, *others = shipped.devices
    dearer = replace(shipped, devices=(replace(first, tdp_w=1.0, notes="another"), *others))
    faster = replace(shipped, devices=(replace(first, bandwidth_bytes_per_s=1e9), *others))
    assert outcomes_digest(tmp_path, dearer) == outcomes_digest(tmp_path, shipped)
    assert outcomes_digest(tmp_path, faster) != outcomes_digest(tmp_path, shipped)


@pytest.mark.usefixtures("empty")
def test_what_people_corrected_or_brought_keeps_its_texts(tmp_path: Path, shipped: CatalogRows) -> None:
    brought = PLAIN | {"id": "made-up-2"}
    _, digest = load_measurements(write(tmp_path, PLAIN, brought), shipped, "")
    Measurement.objects.filter(slug="made-up-1").update(device_text="RTX 4080", is_local=True)
    Measurement.objects.filter(slug="made-up-2").update(device_text="RTX 4080", origin=ACCEPTED)
    count, digest = load_measurements(write(tmp_path, PLAIN | {"value": "99"}), shipped, digest)
    assert count == Count(kept=2)
    for kept in Measurement.objects.all():
        assert (kept.device_text, kept.value, kept.withdrawn) == ("RTX 4080", 131.5, False)
        assert kept.device is not None
        assert kept.device.slug == "nvidia-geforce-rtx-4080"  # what follows from the text is renewed
    assert release(Measurement, Measurement.objects.values_list("pk", flat=True)) == 1
    load_measurements(tmp_path, shipped, "another")
    assert Measurement.objects.get(slug="made-up-1").device_text == "NVIDIA GeForce RTX 4090"


@pytest.mark.usefixtures("empty")
def test_a_directory_without_measurements_leaves_them_alone(tmp_path: Path, shipped: CatalogRows) -> None:
    _, digest = load_measurements(write(tmp_path, PLAIN), shipped, "")
    (tmp_path / FILE).unlink()
    assert load_measurements(tmp_path, shipped, digest) == (Count(), digest)
    assert Measurement.objects.filter(withdrawn=False).count() == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"value": "-3"}, "measurements.csv:3: value: "),
        ({"value": "fast"}, "measurements.csv:3: value: "),
        ({"metric": "speed"}, "measurements.csv:3: metric: "),
        ({"source_url": "a friend"}, "measurements.csv:3: source_url: "),
        ({"source_date": "May"}, "measurements.csv:3: source_date: "),
        ({"device_count": "0"}, "measurements.csv:3: device_count: "),
        ({"id": "made-up-1"}, "measurements.csv:3: measurement 'made-up-1' is already at measurements.csv:2"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    write(tmp_path, PLAIN, PLAIN | {"id": "made-up-2"} | changes)
    with pytest.raises(CatalogError) as error:
        read_measurements(tmp_path)
    assert str(error.value).startswith(reason)
