"""A plan as one row: the columns of the CSV, and cells that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from planner.exports import formats

SPEEDS = ("decode_tps", "prefill_tps", "ttft_ms")
COLUMNS = (
    *("id", "machine", "device", "count", "model", "format", "bits_per_weight", "runtime", "backend"),
    *("kv_format", "context_tokens", "prompt_tokens", "output_tokens", "concurrency", "verdict"),
    *("need_bytes", "need_high_bytes", "limit_bytes", "weights_bytes", "kv_cache_bytes", "buffers_bytes"),
    *("overhead_bytes", "host_need_bytes", "longest_context_tokens"),
    *(f"{speed}{end}" for speed in SPEEDS for end in ("", "_low", "_high")),
    *("speed_unknown_reason", "sentence", "snapshot", "calibration"),
)


def row_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a plan's document by column; ``None`` for what is not known."""
    question, memory, speed = plan["question"], plan["memory"], plan["speed"]
    parts = {part["key"]: part["bytes"] for part in memory["parts"]}
    host = next((place for place in memory["places"] if place["role"] == "host"), None)
    found: dict[str, Any] = {
        "id": plan["id"],
        "machine": (plan["machine"] or {}).get("slug"),
        "device": plan["device"]["slug"],
        "count": plan["device"]["count"],
        "model": plan["model"]["slug"],
        "format": plan["format"]["slug"],
        "bits_per_weight": plan["format"]["bits_per_weight"],
        "runtime": plan["runtime"]["slug"],
        "backend": plan["runtime"]["backend"],
        "kv_format": plan["kv_format"]["slug"],
        **{
            name: question[name]
            for name in ("context_tokens", "prompt_tokens", "output_tokens", "concurrency")
        },
        "verdict": plan["verdict"],
        **{name: memory[name] for name in ("need_bytes", "need_high_bytes", "limit_bytes")},
        **{f"{key}_bytes": parts.get(key) for key in ("weights", "kv_cache", "buffers", "overhead")},
        "host_need_bytes": host["need_bytes"] if host else None,
        "longest_context_tokens": memory["longest_context_tokens"],
        "speed_unknown_reason": speed["unknown_reason"],
        "sentence": plan["sentence"],
        "snapshot": plan["snapshot"],
        "calibration": plan["calibration"]["sha256"],
    }
    for name in SPEEDS:
        value = speed[name] or {}
        found |= {
            name: value.get("value"),
            f"{name}_low": value.get("low"),
            f"{name}_high": value.get("high"),
        }
    return {name: found[name] for name in COLUMNS}


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    """The header and each row as a line of CSV."""
    yield csv_line(columns)
    for row in rows:
        yield csv_line([row.get(name) for name in columns])


def csv_line(cells: Iterable[Any]) -> bytes:
    """One line: unknown is empty, and no text begins like a formula."""
    return formats.csv_line(["" if cell is None else _text(cell) for cell in cells])


def _text(cell: Any) -> str:
    return formats.csv_text(cell) if isinstance(cell, str) else str(cell)
