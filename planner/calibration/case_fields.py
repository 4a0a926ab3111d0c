"""Statuses of cases, and reading one figure of a row with a clear reason where that fails."""

from __future__ import annotations

import math
from collections.abc import Mapping

OK, AMBIGUOUS_CASE, NOT_IN_CATALOG, UNKNOWN_FIGURE, INVALID = (
    "ok",
    "ambiguous",
    "not_in_catalog",
    "unknown_figure",
    "invalid",
)


SPEED_METRICS = frozenset({"decode_tps", "decode_tps_total", "prefill_tps", "tpot_ms", "ttft_ms"})
# llama-bench's default prompt (https://github.com/ggml-org/llama.cpp/blob/master/tools/llama-bench/README.md)
DEFAULT_PROMPT_TOKENS = 512


# metrics that depend on what a runtime allocates, and not on the figures of the device
MEMORY_METRICS = frozenset({"weights_bytes", "kv_bytes", "memory_bytes"})


class CaseError(ValueError):
    """Why a case has no plan: ``status`` is one of the contract's words."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def number(row: Mapping[str, str], column: str, *, low: float = 0.0, high: float = 1e15) -> float | None:
    """A figure of the row, or ``None`` when empty. Raises ``CaseError`` for anything that is not a sane number."""
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        raise CaseError(INVALID, f"{column} is not a number: {text[:40]!r}") from None
    if not math.isfinite(value) or not low <= value <= high:
        raise CaseError(INVALID, f"{column} must lie between {low:g} and {high:g}: {text[:40]!r}")
    return value


def whole(row: Mapping[str, str], column: str, *, low: int = 0, high: int = 10**9) -> int | None:
    """A whole number of the row, or ``None`` when empty."""
    value = number(row, column, low=low, high=high)
    return None if value is None else round(value)
