"""Which kind of file it is, by what it holds and not by its name."""

from __future__ import annotations

from planner.contributions.parsers import llama_files, project_csv, tables, vllm_serve
from planner.contributions.parsers.rows import FileFault, Reading
from planner.contributions.parsers.sheet import read_sheet
from planner.contributions.parsers.text import decode, tidy
from planner.contributions.parsers.values import looks_like_json, read_objects

_UNKNOWN = (
    "This is none of the known kinds. Known are the output of llama-bench (-o md, json, jsonl or csv), the result file "
    "of vllm bench serve (--save-result), and the project's CSV with the columns model, metric and value."
)


def read(data: bytes | str) -> Reading:
    """The rows of a measurement file. Raises ``FileFault`` where it gives none."""
    text = decode(data) if isinstance(data, bytes) else tidy(data)
    if tables.looks_like_table(text):
        return tables.read_tables(text)
    if looks_like_json(text):
        return _read_json(text)
    if "INSERT INTO" in text and "avg_ts" in text:
        raise FileFault(
            "This is llama-bench's SQL output, which is not read: run it with -o json, jsonl, csv or md."
        )
    header = text.lstrip("\n").partition("\n")[0]
    if "Serving Benchmark Result" in text:
        raise FileFault(
            "This is what vllm bench serve shows: run it with --save-result and choose the JSON file."
        )
    if not any(delimiter in header for delimiter in ",;\t"):
        raise FileFault(_UNKNOWN)
    sheet = read_sheet(text)
    if "avg_ts" in sheet.header and "model_filename" in sheet.header:
        return llama_files.read_sheet(sheet)
    if project_csv.is_header(sheet.header):
        return project_csv.read_sheet(sheet)
    raise FileFault(_UNKNOWN)


def _read_json(text: str) -> Reading:
    entries = read_objects(text)
    if any(llama_files.is_result(entry) for entry in entries.objects):
        return llama_files.read_entries(entries)
    if any(vllm_serve.is_result(entry) for entry in entries.objects):
        return vllm_serve.read_entries(entries)
    if entries.broken:
        raise FileFault(f"Nothing could be read: {entries.broken}.")
    raise FileFault(_UNKNOWN)
