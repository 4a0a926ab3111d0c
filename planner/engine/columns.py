"""The engine's output columns, declared once: pages, commands, sweeps and exports use these names and types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]  # of a type in COLUMNS

COLUMNS: dict[str, type[np.generic]] = {
    "verdict": np.uint8,  # index into verdict.VERDICTS
    "weights_bytes": np.float64,  # of the whole model, wherever they lie
    "kv_bytes": np.float64,
    "buffers_bytes": np.float64,  # compute and output buffers on the devices
    "overhead_bytes": np.float64,  # what the runtime and driver take beside them
    "need_bytes": np.float64,  # all devices together
    "need_high_bytes": np.float64,  # its upper bound
    "limit_bytes": np.float64,  # what a process may use of all devices, less what other programs hold
    "host_need_bytes": np.float64,
    "host_limit_bytes": np.float64,
    "runtime_memory_bytes": np.float64,  # weights + cache + buffers over devices and host, as a runtime logs them
    "decode_tps": np.float64,  # per sequence
    "decode_tps_low": np.float64,
    "decode_tps_high": np.float64,
    "prefill_tps": np.float64,
    "prefill_tps_low": np.float64,
    "prefill_tps_high": np.float64,
    "ttft_ms": np.float64,
    "ttft_ms_low": np.float64,
    "ttft_ms_high": np.float64,
}


@dataclass(frozen=True, slots=True)
class Columns:
    """One array per declared column, all of one length."""

    arrays: dict[str, Array]

    @classmethod
    def empty(cls, length: int) -> Columns:
        """Preallocated columns."""
        return cls({name: np.empty(length, dtype=dtype) for name, dtype in COLUMNS.items()})

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def __len__(self) -> int:
        return len(self.arrays["verdict"])

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """A float column."""
        return np.asarray(self.arrays[name], dtype=np.float64)
