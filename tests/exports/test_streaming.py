"""An export streams at constant memory, leaves nothing behind, and never looks whole when it is not."""

from __future__ import annotations

import csv
import gc
import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import duckdb
import pytest

from planner.duck import connect
from planner.exports import streaming
from planner.exports.formats import FORMATS, INCOMPLETE
from planner.exports.streaming import ExportFailed, ExportsBusy, can_sort, stream
from planner.exports.tables import ExportColumn, ExportTable

NUMBERS = (
    ExportColumn("n", "range"),
    ExportColumn("half", "range / 2"),
    ExportColumn("word", "range % 3", is_text=True, values=("one", "two", "three")),
)
ROWS = "range(1000000)"
LONG = ExportTable(NUMBERS, ROWS)
SORTED = ExportTable(NUMBERS, ROWS, order="hash(range)")
# 150 MB that packing does not make small
WIDE = "(SELECT range AS n, repeat(md5(range::VARCHAR), 4) AS t FROM range(1200000))"
TEXTS = (ExportColumn("n", "n"), ExportColumn("t", "t", is_text=True))
# breaks off in the middle
BROKEN = ExportTable(
    (
        ExportColumn("n", "CASE WHEN range = 200000 THEN error('it broke')::BIGINT ELSE range END"),
        ExportColumn("t", "repeat('x', 100)", is_text=True),
    ),
    "range(300000)",
)


def broken_off(key: str, table: ExportTable, folder: Path) -> bytes:
    """What was sent of an export that fails."""
    found: list[bytes] = []
    with closing(stream(key, table, folder)) as blocks, pytest.raises(ExportFailed):
        found.extend(blocks)
    return b"".join(found)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "export"]


def pages_mb() -> float:
    """What the process holds in memory."""
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return resident * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    """Whatever happens: no thread, no open pipe, no file, and the place for the next export is free."""
    gc.collect()
    before = len(os.listdir("/dev/fd"))
    yield
    assert threads() == []
    assert len(os.listdir("/dev/fd")) == before
    assert list(tmp_path.rglob("export-*")) == []
    for _ in range(streaming.MOST_AT_ONCE):
        assert streaming._places.acquire(blocking=False)
    for _ in range(streaming.MOST_AT_ONCE):
        streaming._places.release()


@pytest.mark.parametrize(("key", "order"), [("csv", ""), ("csv", "hash(n)"), ("parquet", "")])
def test_memory_does_not_grow_with_the_rows(
    key: str, order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MEMORY_MB", 128)
    before, most, size = pages_mb(), 0.0, 0
    with closing(stream(key, ExportTable(TEXTS, WIDE, order=order), tmp_path)) as blocks:
        for block in blocks:
            size += len(block)
            most = max(most, pages_mb())
    assert size > (150e6 if key == "csv" else 8e6)
    assert most - before < 140


@pytest.mark.parametrize("key", FORMATS)
@pytest.mark.parametrize("table", [LONG, SORTED], ids=["unsorted", "sorted"])
def test_a_client_that_goes_away_ends_it(key: str, table: ExportTable, tmp_path: Path) -> None:
    with closing(stream(key, table, tmp_path)) as blocks:
        assert next(blocks)
        if key in ("csv", "md"):  # after the header, the first rows
            assert next(blocks)
        blocks.close()
    assert list(blocks) == []


def test_an_export_that_was_never_read_gives_its_place_back(tmp_path: Path) -> None:
    stream("csv", LONG, tmp_path).close()
    stream("csv", LONG, tmp_path)  # nobody keeps it
    gc.collect()


def test_a_failure_is_the_last_line_and_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for key in ("csv", "jsonl", "md"):
        *rows, last = broken_off(key, BROKEN, tmp_path).decode().rstrip("\n").split("\n")
        if key == "csv":
            assert next(csv.reader([last])) == [INCOMPLETE]
        elif key == "jsonl":
            assert json.loads(last) == {"incomplete": INCOMPLETE}
        else:
            assert last == f"**{INCOMPLETE}**"
        assert len(rows) > 1000, "it had begun"
    assert "it broke" in caplog.text


def test_a_failure_before_the_first_row_is_told_too(tmp_path: Path) -> None:
    missing = ExportTable(
        (ExportColumn("n", "n"),), "read_parquet($f)", {"f": str(tmp_path / "gone.parquet")}
    )
    assert broken_off("csv", missing, tmp_path).decode() == f"n\n{INCOMPLETE}\n"


def test_a_parquet_file_that_broke_off_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(broken_off("parquet", BROKEN, tmp_path))
    with connect() as connection, pytest.raises(duckdb.Error):
        connection.execute("FROM read_parquet($f)", {"f": str(tmp_path / "broken.parquet")}).fetchall()


def test_rows_are_sorted_only_where_the_disk_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert can_sort(10_000_000, tmp_path / "exports")
    assert not can_sort(10**12, tmp_path)
    monkeypatch.setattr(streaming, "MOST_SPILLED_BYTES", 1000)
    assert not can_sort(11, tmp_path)


def test_more_than_so_many_at_once_are_refused(tmp_path: Path) -> None:
    with ExitStack() as held:
        first = held.enter_context(closing(stream("csv", LONG, tmp_path)))
        for _ in range(streaming.MOST_AT_ONCE - 1):
            held.enter_context(closing(stream("csv", LONG, tmp_path)))
        with pytest.raises(ExportsBusy, match="Try again in a minute"):
            stream("csv", LONG, tmp_path)
        first.close()
        held.enter_context(closing(stream("csv", LONG, tmp_path)))


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    old, new = tmp_path / "export-old", tmp_path / "export-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "spilled").write_bytes(b"x")
    os.utime(old, (0, 0))
    with closing(stream("csv", ExportTable(NUMBERS, "range(3)", order="range"), tmp_path)) as blocks:
        assert b"".join(blocks).count(b"\n") == 4
    assert not old.exists()
    assert new.exists()
    (new / "spilled").unlink()
    new.rmdir()
