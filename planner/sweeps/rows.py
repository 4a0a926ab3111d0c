"""The columns of a sweep's result, declared once: Parquet files, tables, filters and exports use these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

SqlType = Literal["BIGINT", "USMALLINT", "UINTEGER", "UTINYINT", "DOUBLE", "FLOAT"]
DTYPES: dict[SqlType, type[np.generic]] = {
    "BIGINT": np.int64,
    "USMALLINT": np.uint16,
    "UINTEGER": np.uint32,
    "UTINYINT": np.uint8,
    "DOUBLE": np.float64,
    "FLOAT": np.float32,
}


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of the rows files. ``entries``: its numbers are places in that list of the sweep's entries."""

    name: str
    sql_type: SqlType
    entries: str = ""


# What the engine calls NaN (a figure that no source allows to know) is NULL in a file.
# Bytes are whole doubles and stay exact; speeds keep seven digits, more than any interval is narrow.
STORED: tuple[StoredColumn, ...] = (
    StoredColumn("plan", "BIGINT"),  # the plan's number in the sweep's grid: one number, one plan
    StoredColumn("machine", "USMALLINT", "machines"),
    StoredColumn("model", "USMALLINT", "models"),
    StoredColumn("format", "USMALLINT", "formats"),
    StoredColumn("kv_format", "USMALLINT", "kv_formats"),
    StoredColumn("runtime", "USMALLINT", "runtimes"),
    StoredColumn("context_tokens", "UINTEGER"),
    StoredColumn("concurrency", "UINTEGER"),
    StoredColumn("verdict", "UTINYINT"),  # place in engine.verdict.VERDICTS
    StoredColumn("weights_bytes", "DOUBLE"),
    StoredColumn("kv_bytes", "DOUBLE"),
    StoredColumn("buffers_bytes", "DOUBLE"),
    StoredColumn("overhead_bytes", "DOUBLE"),
    StoredColumn("need_bytes", "DOUBLE"),
    StoredColumn("need_high_bytes", "DOUBLE"),
    StoredColumn("limit_bytes", "DOUBLE"),
    StoredColumn("host_need_bytes", "DOUBLE"),
    # speeds of plans that run (fits, tight, offload); NULL for the others
    StoredColumn("decode_tps", "FLOAT"),  # per sequence
    StoredColumn("decode_tps_low", "FLOAT"),
    StoredColumn("decode_tps_high", "FLOAT"),
    StoredColumn("prefill_tps", "FLOAT"),
    StoredColumn("prefill_tps_low", "FLOAT"),
    StoredColumn("prefill_tps_high", "FLOAT"),
    StoredColumn("ttft_ms", "FLOAT"),
    StoredColumn("ttft_ms_low", "FLOAT"),
    StoredColumn("ttft_ms_high", "FLOAT"),
)
