"""Read and check data/measurements.csv without a database: one record per row, every problem with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from hardware_catalog import measured
from hardware_catalog.reading import CatalogError, Found, Reader
from hardware_catalog.schema import Record

FILE = "measurements.csv"


def _cell(value: object) -> object:
    """An empty cell is not stated."""
    return None if value == "" else value


Text = Annotated[str, Field(max_length=200)]
Devices = Annotated[Annotated[int, Field(ge=1, le=4096)] | None, BeforeValidator(_cell)]
Count = Annotated[Annotated[int, Field(ge=0, le=10**8)] | None, BeforeValidator(_cell)]
Figure = Annotated[Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)] | None, BeforeValidator(_cell)]


class MeasurementRecord(Record):
    """One row of measurements.csv: an observation in the words of its source."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=120)]
    source_url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=600)]
    source_date: Annotated[str, Field(pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?$")]
    device: Text
    device_count: Devices
    device_mem_gb: Figure
    device_bw_gbs: Figure
    model: Annotated[str, Field(min_length=1, max_length=200)]
    model_params_b: Figure
    active_params_b: Figure
    quant: Text
    model_size_gib: Figure
    runtime: Text
    runtime_version: Text
    backend: Text
    batch: Count
    prompt_tokens: Count
    ctx_depth: Count
    output_tokens: Count
    metric: Literal[
        "decode_tps_per_seq", "decode_tps_total", "prefill_tps", "ttft_ms", "tpot_ms", "memory_bytes"
    ]
    value: Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)]
    stddev: Figure
    notes: Annotated[str, Field(max_length=5000)]
    source_family: Annotated[str, Field(min_length=1, max_length=160)]

    def fields(self) -> dict[str, Any]:
        """The values by field of :class:`hardware_catalog.models.Measurement`."""
        return {name: getattr(self, column) for column, name in measured.FIELD_OF_COLUMN.items()}


def read_measurements(data: Path) -> list[MeasurementRecord] | None:
    """The records of ``data``/measurements.csv; ``None`` where the directory has none.

    Raises CatalogError with every problem found.
    """
    path = data / FILE
    if not path.exists():
        return None
    reader = Reader(data)
    found: list[Found[MeasurementRecord]] = [
        (path, line, record) for line, record in reader.csv(path, MeasurementRecord)
    ]
    records = reader.unique(found, lambda record: record.id, "measurement")
    if reader.problems:
        raise CatalogError(reader.problems)
    return [record for _, _, record in records]
