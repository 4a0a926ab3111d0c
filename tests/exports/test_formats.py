"""Every format of exports says the same rows, and none of them says a text as something else."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from planner.duck import connect
from planner.exports.formats import FORMATS
from planner.exports.streaming import stream
from planner.exports.tables import ExportColumn, ExportTable

TEXTS = [
    "plain",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    'say "yes", or no',
    "two\nlines",
    "a|b\\c <b>&amp;",
    "Ünï ☃",
    "",
    None,
]
NUMBERS = [-1.5, 0.1, 1e300, 3.0, -7.0, 1e-9, 0.0, 2.0, 5.0, 1.0, 2.5, 8.0, None]
WHOLE = [*range(-3, 9), None]
TABLE = ExportTable.of_lists({"name": TEXTS, "speed_tps": NUMBERS, "need_bytes": WHOLE})


def exported(key: str, table: ExportTable, folder: Path) -> bytes:
    """The whole file."""
    blocks = stream(key, table, folder)
    try:
        return b"".join(blocks)
    finally:
        blocks.close()


def rows_of(parquet: bytes, folder: Path) -> list[tuple[Any, ...]]:
    (folder / "file.parquet").write_bytes(parquet)
    with connect() as connection:
        return connection.execute("FROM read_parquet($f)", {"f": str(folder / "file.parquet")}).fetchall()


def test_csv_is_read_back_with_apostrophes_before_what_could_be_a_formula(tmp_path: Path) -> None:
    header, *rows = csv.reader(io.StringIO(exported("csv", TABLE, tmp_path).decode(), newline=""))
    assert header == ["name", "speed_tps", "need_bytes"]
    safe = ["plain", "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", *TEXTS[7:-1], ""]
    assert [row[0] for row in rows] == safe
    # numbers below zero are numbers
    assert [float(row[1]) if row[1] else None for row in rows] == NUMBERS
    assert [int(row[2]) if row[2] else None for row in rows] == WHOLE


def test_json_lines_are_read_back_as_they_were(tmp_path: Path) -> None:
    lines = exported("jsonl", TABLE, tmp_path).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["name"] for row in rows] == TEXTS
    assert [row["speed_tps"] for row in rows] == NUMBERS
    assert [row["need_bytes"] for row in rows] == WHOLE


def test_parquet_is_read_back_as_it_was(tmp_path: Path) -> None:
    rows = rows_of(exported("parquet", TABLE, tmp_path), tmp_path)
    assert rows == list(zip(TEXTS, NUMBERS, WHOLE, strict=True))


def test_markdown_is_a_table_of_one_line_a_row(tmp_path: Path) -> None:
    header, rules, *rows = exported("md", TABLE, tmp_path).decode().split("\n")
    assert header == "| name | speed_tps | need_bytes |"
    assert rules == "| --- | ---: | ---: |"
    assert rows.pop() == ""
    assert len(rows) == len(TEXTS)
    assert rows[8].startswith("| two lines | 5.0 | 5 |")
    assert rows[9].startswith("| a\\|b\\\\c &lt;b>&amp;amp; | 1.0")
    assert rows[12] == "|  |  |  |"


@pytest.mark.parametrize("key", FORMATS)
def test_texts_that_sql_finds_are_written_as_those_that_are_looked_up(key: str, tmp_path: Path) -> None:
    found = ExportTable(
        (ExportColumn("name", "t", is_text=True),), "(SELECT unnest($texts) AS t)", {"texts": TEXTS}
    )
    given = exported(key, ExportTable.of_lists({"name": TEXTS}), tmp_path)
    assert exported(key, found, tmp_path) == given


@pytest.mark.parametrize("key", FORMATS)
def test_no_rows_are_a_file_without_rows(key: str, tmp_path: Path) -> None:
    found = exported(key, ExportTable.of_lists({"name": [], "speed_tps": []}), tmp_path)
    if key == "parquet":
        assert rows_of(found, tmp_path) == []
    else:
        assert (
            found.decode()
            == {
                "csv": "name,speed_tps\n",
                "jsonl": "",
                "md": "| name | speed_tps |\n| ---: | ---: |\n",
            }[key]
        )


def test_rows_are_sorted_where_an_order_is_asked_for(tmp_path: Path) -> None:
    table = ExportTable((ExportColumn("n", "range"),), "range(100000)", order="range % 10 DESC, range")
    found = [int(line) for line in exported("csv", table, tmp_path).decode().splitlines()[1:]]
    assert found == sorted(range(100_000), key=lambda n: (-(n % 10), n))


def test_columns_of_different_lengths_are_no_table() -> None:
    with pytest.raises(ValueError, match="one length"):
        ExportTable.of_lists({"a": [1, 2], "b": [1]})
