"""llama-bench's Markdown tables, with whatever a terminal or a forum post has around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from planner.contributions.parsers.llama_bench import KIND, KIND_NAME, row_of
from planner.contributions.parsers.llama_devices import DeviceLog
from planner.contributions.parsers.rows import FileFault, ParsedRow, Reading, check_row_count, one_problem

# How the Markdown printers of both programs head a column -> the field's name in the other formats.
_FIELD_OF_HEAD: Mapping[str, str] = {
    "model": "model_type",
    "ngl": "n_gpu_layers",
    "threads": "n_threads",
    "fa": "flash_attn",
    "sm": "split_mode",
    "nkvo": "no_kv_offload",
    "dev": "devices",
    "ts": "tensor_split",
    "ot": "tensor_buft_overrides",
    "nopo": "no_op_offload",
    "noh": "no_host",
    "mmap": "use_mmap",
    "lm": "load_mode",
    "embd": "embeddings",
    "fitt": "fit_target",
    "fitc": "fit_min_ctx",
    "mla": "mla_attn",
    "amb": "attn_max_batch",
    "fmoe": "fused_moe",
    "ger": "grouped_er",
    "no-fug": "no_fused_up_gate",
    "thp": "use_thp",
    "no-ooae": "no_ooae",
    "defer": "defer_experts",
    "cuda": "cuda_params",
    "rtr": "repack",
    "gr": "reuse",
}
_BUILD = re.compile(r"^\s*build:\s*([0-9a-zA-Z]{5,40})\s*\((\d{1,9})\)")
_RULE = re.compile(r"^[\s|:+-]+$")
_SIZES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_COUNTS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def looks_like_table(text: str) -> bool:
    """Whether a line of the text heads a table of llama-bench."""
    return any(_is_head(line) for line in text.split("\n") if "|" in line)


def read_tables(text: str) -> Reading:
    """The rows of every llama-bench table in the text. Raises ``FileFault`` where there is none."""
    log, rows, untold = DeviceLog(), list[ParsedRow](), 0  # untold: first row whose build is not yet known
    heads: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        build = _BUILD.match(line)
        if build:
            rows[untold:] = [_built(row, f"{build[1]} ({build[2]})") for row in rows[untold:]]
            untold = len(rows)
        log.line(line)
        if "|" not in line:
            heads = []
        elif _is_head(line):
            heads = [_FIELD_OF_HEAD.get(cell.lower(), cell) for cell in _cells(line)]
        elif "S_TG t/s" in line:
            heads = []
            rows.append(
                one_problem(number, "test", "a table of llama-batched-bench: only llama-bench's are read")
            )
        elif heads and not _RULE.match(line):
            rows.append(_row(number, heads, _cells(line), log.names))
        check_row_count(len(rows))
    if not rows:
        raise FileFault("The table has a header of llama-bench, but no rows below it.")
    return Reading(KIND, f"{KIND_NAME}, Markdown", "line", tuple(rows))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _is_head(line: str) -> bool:
    cells = [cell.lower() for cell in _cells(line)]
    return {"model", "test", "t/s"} <= set(cells)


def _built(row: ParsedRow, version: str) -> ParsedRow:
    return replace(row, fields={**row.fields, "runtime_version": version}) if row.fields else row


def _row(number: int, heads: list[str], cells: list[str], devices: tuple[str, ...]) -> ParsedRow:
    if len(cells) != len(heads):
        what = f"the row has {len(cells)} cells, the header {len(heads)}: paste the table as it was printed"
        return one_problem(number, heads[min(len(cells), len(heads)) - 1], what)
    raw = dict(zip(heads, cells, strict=True))
    for head, field, units in (("size", "model_size", _SIZES), ("params", "model_n_params", _COUNTS)):
        amount, _, unit = raw.get(head, "").partition(" ")
        if unit in units and re.fullmatch(r"\d{1,9}(\.\d{1,6})?", amount):
            raw[field] = str(round(float(amount) * units[unit]))
    return row_of(number, raw, devices)
