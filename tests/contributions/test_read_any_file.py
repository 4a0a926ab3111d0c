"""Whatever is pasted or uploaded gives rows, reasons, or one fault that says what to do; never a crash."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.contributions.parsers import FileFault, read
from planner.contributions.parsers.rows import MAX_BYTES, MAX_ROWS
from tests.contributions.samples import DATA, sample

CSV = b"device,model,metric,value\nRTX 4090,Qwen3-8B,decode_tps,100\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_encodings_of_terminals_and_editors(encoding: str) -> None:
    table = sample("llama-bench-rocm.log").decode()
    rows = read(table.encode(encoding)).rows
    assert [row.fields["value"] for row in rows] == ["1177.72", "20.55"]
    assert [row.fields["stddev"] for row in rows] == ["0", "0"]


def test_line_ends_of_every_system() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        assert len(read(CSV.replace(b"\n", end)).rows) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\n ", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not text"),
        (b"PK\x03\x04 zipped", "binary data"),
        (b"hello", "none of the known kinds"),
        (b"a,b,c\n1,2,3\n", "none of the known kinds"),
        (b"device,model,metric,value\n", "no rows"),
        (b'device,model,metric,value\n"open,1,2,3\n', "not CSV"),
        (b"device,model,metric,value,value\n1,2,3,4,5\n", "named twice"),
        (b"[]", "empty"),
        (b"{}", "none of the known kinds"),
        (b'[{"a": 1}]', "none of the known kinds"),
        (b"[" * 100_000, "none of the known kinds"),
        (b'{"a":' * 100_000, "too deeply"),
        (b'{"avg_ts": ' + b"9" * 5_000 + b"}", "not whole or not JSON"),
        (b"| model | test | t/s |\n| - | - | - |\n", "no rows"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "UTF-16"),
        (b"x" * (MAX_BYTES + 1), "at most"),
        (sample("llama-bench.sql"), "SQL"),
        (b"============ Serving Benchmark Result ============\n", "--save-result"),
    ],
)
def test_what_cannot_be_read_says_so(data: bytes, words: str) -> None:
    with pytest.raises(FileFault, match=words):
        read(data)


def test_too_many_rows_are_refused_before_they_are_read() -> None:
    with pytest.raises(FileFault, match="5,000 rows"):
        read(CSV + b"RTX 4090,Qwen3-8B,decode_tps,100\n" * MAX_ROWS)
    assert len(read(CSV + b"RTX 4090,Qwen3-8B,decode_tps,100\n" * (MAX_ROWS - 1)).rows) == MAX_ROWS


def test_values_that_are_no_values_are_refused_as_rows() -> None:
    hostile = [
        {"n_prompt": 512, "n_gen": 0, "avg_ts": [1, 2]},
        {"n_prompt": {"a": 1}, "n_gen": None, "avg_ts": 5},
        {"n_prompt": -5, "n_gen": 0, "avg_ts": 5},
        {"n_prompt": 1e30, "n_gen": 0, "avg_ts": 5},
        {"n_prompt": 512, "n_gen": 0, "avg_ts": float("nan")},
        {"n_prompt": 512, "n_gen": 0, "avg_ts": 5, "model_size": "<script>"},
        "a text",
        None,
    ]
    rows = read(json.dumps(hostile)).rows
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(row.problems for row in rows)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(p.name for p in DATA.iterdir() if p.suffix != ".py")), st.data())
def test_damaged_files_never_crash(name: str, data: st.DataObject) -> None:
    content = sample(name)
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, min(start + 60, len(content))))
    damaged = content[:start] + data.draw(st.binary(max_size=20)) + content[stop:]
    try:
        reading = read(damaged)
    except FileFault:
        return
    assert reading.rows
    for row in reading.rows:
        assert row.problems or (row.fields["metric"] and float(row.fields["value"]) > 0)
