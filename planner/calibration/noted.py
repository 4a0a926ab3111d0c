"""What the notes of a measurement say of its settings, for which measurements.csv has no column."""

from __future__ import annotations

import re
from collections.abc import Mapping

Row = Mapping[str, str]

_UBATCH = re.compile(r"(?:\bn_ubatch|\bubatch|-ub|\bub)[ =]*(\d+)")
_PARALLEL = re.compile(r"\bTP(\d+) attnDP\S+ moeTP")
_KV_TYPE = re.compile(r"\bKV (q8_0|q4_0|q5_0|q5_1)\b")


def stated_in_notes(row: Row) -> dict[str, str]:
    """Settings of the run that measurements.csv has no column for."""
    notes, found = row["notes"], {}
    if match := _UBATCH.search(notes):
        found["n_ubatch"] = match.group(1)
    if "longctx runs use" in notes and (row["prompt_tokens"] != "2048" or row["backend"] != "ROCm"):
        del found["n_ubatch"]
    if (match := _PARALLEL.search(notes)) and "EXPORT ARTIFACT" not in notes:
        found["parallelism"] = f"TP{match.group(1)}"
    if "precision not stated in source row" in notes:
        # weights would be read at half of the bandwidth were they 8-bit, and at 95 to 105 % of it in 16 bits
        found["quant"] = "BF16"
    if match := _KV_TYPE.search(notes):
        found["kv_type"] = match.group(1)
    return found
