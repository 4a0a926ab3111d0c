"""Outcomes and predictions read the shipped rows alike, and nearly all rows that can be answered are."""

from __future__ import annotations

from collections import Counter

import pytest

from hardware_catalog.measured import AMBIGUOUS, COMPOSITE, NOT_IN_CATALOG, NOT_TRUSTED, RESOLVED, row_of
from hardware_catalog.models import Measurement
from planner.calibration.case_fields import CaseError
from planner.calibration.cases import CaseReader
from planner.calibration.predictions import METRIC_NAMES
from planner.measurements.predicting import predict
from planner.snapshot import current

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts() -> list[Measurement]:
    """One row of every combination of names."""
    named = ("device_text", "device_memory_gb", "device_bandwidth_gb_per_s", "model_text", "format_text")
    ran = ("model_size_gib", "runtime_text", "backend_text", "metric", "outcome")
    every = Measurement.objects.select_related("device", "language_model", "weight_format", "runtime")
    seen = {tuple(getattr(row, name) for name in (*named, *ran)): row for row in every}
    return list(seen.values())


def test_a_row_is_resolved_exactly_where_predict_can_read_its_names(texts: list[Measurement]) -> None:
    reader = CaseReader(current().rows, current().names)
    read: Counter[tuple[str, str]] = Counter()
    for measurement in texts:
        row = row_of(measurement)
        row["metric"] = METRIC_NAMES.get(row["metric"], row["metric"])
        try:
            case = reader.read(row)
        except CaseError as error:
            read[measurement.outcome, error.status] += 1
            continue
        read[measurement.outcome, "read"] += 1
        names = (measurement.language_model, measurement.weight_format, measurement.runtime)
        assert tuple(entry.slug for entry in names) == (case.model, case.format, case.runtime)
        assert measurement.backend == case.backend
        if measurement.device is not None:
            assert measurement.device.slug == case.machine.slug
    assert {pair for pair in read if pair[0] in (RESOLVED, NOT_TRUSTED)} == {
        (RESOLVED, "read"),
        (NOT_TRUSTED, "read"),
        (NOT_TRUSTED, "invalid"),  # the source names no device
    }
    assert {pair for pair in read if pair[0] in (AMBIGUOUS, NOT_IN_CATALOG)} == {
        (AMBIGUOUS, "ambiguous"),
        (NOT_IN_CATALOG, "not_in_catalog"),
    }
    # several kinds of accelerator are no one device
    assert {pair for pair in read if pair[0] == COMPOSITE} <= {
        (COMPOSITE, "read"),
        (COMPOSITE, "not_in_catalog"),
    }
    assert read[RESOLVED, "read"] > 1000


def test_at_least_95_percent_of_the_rows_in_the_catalog_are_answered() -> None:
    """Of every ninth row those whose device and model the catalog has, machines with a host included."""
    sample = list(Measurement.objects.select_related("device", "language_model")[::9])
    known = [
        row for row in sample if row.language_model and (row.device or row.outcome in (AMBIGUOUS, COMPOSITE))
    ]
    predictions = predict(known)
    answered = sum(prediction.status == "ok" for prediction in predictions.values())
    assert len(known) > 0.95 * len(sample)
    assert answered >= 0.95 * len(known)
