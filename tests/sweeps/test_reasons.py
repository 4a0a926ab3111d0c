"""Why a chunk failed, in words for the person: what happened, where, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb
import pytest

from planner.sweeps.work import reasons
from planner.sweeps.work.reasons import reason_of


def duckdb_error(target: str) -> Exception:
    with pytest.raises(duckdb.Error) as raised:
        duckdb.sql("SELECT * FROM range(100000)").write_parquet(target)
    return raised.value


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_by_number(tmp_path: Path, number: int) -> None:
    said = reason_of(OSError(number, os.strerror(number)), tmp_path)
    assert (
        said == f"The disk is full: nothing more can be written to {tmp_path}. Free some of it, then resume."
    )


def test_a_full_disk_by_what_duckdb_says(tmp_path: Path) -> None:
    assert reason_of(duckdb_error("/dev/full"), tmp_path).startswith("The disk is full")


def test_a_disk_that_filled_up_while_a_library_spoke_of_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = duckdb_error(str(tmp_path / "gone" / "x.parquet"))
    assert not reason_of(error, tmp_path).startswith("The disk is full")
    monkeypatch.setattr(reasons, "LITTLE_BYTES", 2**62)
    assert reason_of(error, tmp_path).startswith("The disk is full")
    assert reason_of(ValueError("no figure"), tmp_path) == "ValueError: no figure"


def test_a_folder_that_is_gone_or_a_file(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    error = duckdb_error(str(missing / "x.parquet"))
    assert f"The folder {missing} is missing on " in reason_of(error, missing)
    missing.touch()
    assert f"{missing} cannot be written (it is a file)." in reason_of(error, missing)


def test_a_folder_without_permission(tmp_path: Path) -> None:
    said = reason_of(PermissionError(errno.EACCES, "Permission denied"), tmp_path)
    assert said.startswith(f"{tmp_path} cannot be written (Permission denied).")


def test_memory_and_anything_else(tmp_path: Path) -> None:
    assert "ran out of memory" in reason_of(MemoryError(), tmp_path)
    assert reason_of(KeyError("plan"), tmp_path) == "KeyError: 'plan'"
    assert reason_of(ValueError(), tmp_path) == "ValueError"
    assert len(reason_of(ValueError("x " * 9999), tmp_path)) < 600
