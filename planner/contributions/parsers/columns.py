"""The columns of the project's CSV, and what each may hold."""

from __future__ import annotations

from collections.abc import Mapping

from hardware_catalog.bounds import DEVICE_COUNT
from hardware_catalog.measured import FIELD_OF_COLUMN
from planner.calibration.case_files import COLUMNS as PREDICT_COLUMNS

# The header of hardware_catalog/data/measurements.csv.
MEASUREMENT_COLUMNS = tuple(FIELD_OF_COLUMN)
# Further columns that `manage.py predict` reads.
SETTING_COLUMNS = tuple(name for name in PREDICT_COLUMNS if name not in FIELD_OF_COLUMN)
COLUMNS = (*MEASUREMENT_COLUMNS, *SETTING_COLUMNS)

# metric -> its unit
METRIC_UNITS: Mapping[str, str] = {
    "decode_tps_per_seq": "tokens/s",
    "decode_tps_total": "tokens/s",
    "prefill_tps": "tokens/s",
    "ttft_ms": "ms",
    "tpot_ms": "ms",
    "memory_bytes": "bytes",
}
# what `manage.py predict` calls a metric that measurements.csv names otherwise
METRIC_ALIASES: Mapping[str, str] = {"decode_tps": "decode_tps_per_seq"}

# Figures by column: smallest and largest value that is no slip of a unit or digit.
NUMBERS: Mapping[str, tuple[float, float]] = {
    "value": (1e-9, 1e15),
    "stddev": (0.0, 1e15),
    "device_mem_gb": (0.0, 1e6),
    "device_bw_gbs": (0.0, 1e6),
    "model_params_b": (0.0, 1e5),
    "active_params_b": (0.0, 1e5),
    "model_size_gib": (0.0, 1e5),
    "weights_gib": (0.0, 1e5),
    "host_memory_gib": (0.0, 1e6),
    "power_limit_w": (0.0, 1e6),
    "gpu_memory_utilization": (0.0, 1.0),
}
WHOLE_NUMBERS: Mapping[str, tuple[int, int]] = {
    "device_count": DEVICE_COUNT,
    "batch": (1, 1_000_000),
    "prompt_tokens": (0, 100_000_000),
    "ctx_depth": (0, 100_000_000),
    "output_tokens": (0, 100_000_000),
    "n_ctx": (0, 1_000_000_000),
    "n_batch": (0, 1_000_000),
    "n_ubatch": (0, 1_000_000),
    "n_seq": (0, 1_000_000),
    "n_gpu_layers": (0, 1_000_000),
    "n_cpu_moe": (0, 10_000),
    "max_num_batched_tokens": (0, 1_000_000),
}
# Longest text by column (characters); texts of other columns may have SHORT.
SHORT = 200
LENGTHS: Mapping[str, int] = {
    "source_url": 600,
    "source_family": 160,
    "source_date": 10,
    "parallelism": 40,
    "notes": 2_000,
    "id": 120,
}
