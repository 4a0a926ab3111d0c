"""Files that belong to no result are removed, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.work.finishing import Made, finish
from planner.sweeps.work.folder import folder, temporary
from planner.sweeps.work.leases import Lease, claim
from planner.sweeps.work.tidying import remove_orphans, remove_temporaries
from planner.sweeps.work.upkeep import tidy
from tests.sweeps.bare import bare_sweep

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_results(settings: Settings, tmp_path: Path) -> Path:
    settings.RESULTS_DIR = tmp_path
    return tmp_path


def sweep_with(*names: str) -> Sweep:
    sweep = bare_sweep()
    folder(sweep).mkdir()
    for name in names:
        (folder(sweep) / name).write_text(name, encoding="ascii")
    return sweep


def names(sweep: Sweep) -> set[str]:
    return {path.name for path in folder(sweep).iterdir()}


def taken() -> Lease:
    lease = claim("host:1/2")
    assert lease
    return lease


def made(sweep: Sweep, lease: Lease, name: str) -> Made:
    path = folder(sweep) / temporary(name, lease.attempt, lease.token)
    path.write_text("rows", encoding="ascii")
    return Made(path, name, ResultFile.Kind.ROWS, 4)


def test_what_is_written_now_and_what_is_entered_stays() -> None:
    sweep = sweep_with(
        "rows-000000.attempt-1-dead.tmp",
        "summary.attempt-2-dead.tmp.part3",
        "rows-000002.parquet",
        "best.parquet",
        "notes.txt",
    )
    entered = taken()
    finish(entered, [made(sweep, entered, "rows-000000.parquet")], 0.1)
    being_written = made(sweep, taken(), "rows-000001.parquet").path.name
    remove_orphans(sweep.pk)
    assert names(sweep) == {"rows-000000.parquet", being_written, "notes.txt"}


def test_a_final_name_of_a_chunk_under_way_stays() -> None:
    """Its holder renames before it commits."""
    sweep = sweep_with("rows-000000.parquet", "rows-000001.parquet")
    assert taken().index == 0
    remove_orphans(sweep.pk)
    assert names(sweep) == {"rows-000000.parquet"}


def test_folders_of_unknown_sweeps_are_never_touched(own_results: Path) -> None:
    sweep = sweep_with("rows-000000.attempt-1-dead.tmp")
    stranger = own_results / "00000000-0000-0000-0000-000000000000"
    stranger.mkdir()
    (stranger / "rows-000000.parquet").touch()
    (own_results / "rows-000000.parquet").touch()
    tidy(thoroughly=True)
    assert names(sweep) == set()
    assert (stranger / "rows-000000.parquet").exists()
    assert (own_results / "rows-000000.parquet").exists()
    Sweep.objects.all().delete()
    tidy(thoroughly=True)
    assert folder(sweep).exists()


def test_a_retry_removes_what_earlier_attempts_left() -> None:
    sweep = sweep_with(
        "rows-000001.attempt-1-dead.tmp", "rows-000001.attempt-2-beef.tmp", "cells-000002.attempt-1-dead.tmp"
    )
    remove_temporaries(folder(sweep), ["rows-000001.parquet"], of_attempt=(1, "dead"))
    assert names(sweep) == {"rows-000001.attempt-2-beef.tmp", "cells-000002.attempt-1-dead.tmp"}
    remove_temporaries(folder(sweep), ["rows-000001.parquet"])
    assert names(sweep) == {"cells-000002.attempt-1-dead.tmp"}


def test_who_lost_the_chunk_enters_nothing() -> None:
    sweep = sweep_with()
    lease = taken()
    file = made(sweep, lease, "rows-000000.parquet")
    Chunk.objects.filter(pk=lease.chunk_id).update(worker="host:1/3 ffff")
    assert not finish(lease, [file], 0.1)
    assert names(sweep) == {file.path.name}
    assert not ResultFile.objects.exists()


def test_a_file_that_cannot_be_renamed_leaves_the_chunk_undone() -> None:
    sweep = sweep_with()
    lease = taken()
    good, bad = made(sweep, lease, "rows-000000.parquet"), made(sweep, lease, "cells-000000.parquet")
    bad.target.mkdir()
    with pytest.raises(OSError, match="directory"):
        finish(lease, [good, bad], 0.1)
    assert Chunk.objects.get(pk=lease.chunk_id).state == Chunk.State.LEASED
    assert not ResultFile.objects.exists()
