"""Reading a CSV of cases: whole-file faults are told at once, a bad line keeps its place with its reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

REQUIRED = ("id", "device", "model", "metric")
COLUMNS = (
    *("id", "device", "device_count", "model", "quant", "runtime", "runtime_version", "backend", "batch"),
    *(
        "prompt_tokens",
        "ctx_depth",
        "output_tokens",
        "parallelism",
        "kv_type",
        "n_ctx",
        "n_batch",
        "n_ubatch",
    ),
    *("flash_attn", "n_seq", "weights_gib", "host_device", "host_memory_gib", "n_gpu_layers", "n_cpu_moe"),
    *("speculative", "power_limit_w", "gpu_memory_utilization", "max_num_batched_tokens", "metric"),
)
# longest text of one field; a device's or model's name is far shorter
MAX_FIELD = 2_000
MAX_BYTES = 256 * 2**20


class CaseFileError(ValueError):
    """The file as a whole cannot be read; the message says why and where."""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One line of the file: its fields, or why it has none (``fault``)."""

    number: int
    fields: dict[str, str]
    fault: str = ""


def read_cases(data: bytes) -> list[CaseLine]:
    """Lines of a CSV file in order. Raises ``CaseFileError`` when it is not a CSV with the needed columns."""
    if len(data) > MAX_BYTES:
        raise CaseFileError(f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseFileError(f"the file is not UTF-8 text (byte {error.start})") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        return [_line(reader.line_num, header, values) for values in reader if values]
    except csv.Error as error:
        raise CaseFileError(f"line {reader.line_num} is not CSV: {error}") from None


def _check_header(header: Sequence[str]) -> None:
    if not any(header):
        raise CaseFileError("the file has no header line")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise CaseFileError(f"missing columns: {', '.join(missing)} (needed: {', '.join(REQUIRED)})")
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated:
        raise CaseFileError(f"columns named twice: {', '.join(repeated)}")


def _line(number: int, header: Sequence[str], values: Sequence[str]) -> CaseLine:
    fields = dict(zip(header, values, strict=False))
    if any("\0" in value for value in values):
        # the id may itself hold the NUL, and an output file must not
        return CaseLine(
            number, {"id": fields.get("id", "").replace("\0", "")}, f"line {number} has a NUL byte"
        )
    if len(values) != len(header):
        fault = f"line {number} has {len(values)} fields, the header {len(header)}"
        return CaseLine(number, {"id": fields.get("id", "")[:MAX_FIELD]}, fault)
    long = [name for name, value in fields.items() if len(value) > MAX_FIELD]
    if long:
        fault = f"line {number}: {long[0][:40]} is longer than {MAX_FIELD:,} characters"
        return CaseLine(number, {"id": fields["id"][:MAX_FIELD]}, fault)
    return CaseLine(number, fields)


def write_answers(file: TextIO, columns: Sequence[str], answers: Iterable[Sequence[str]]) -> None:
    """Write answers as CSV."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(answers)
