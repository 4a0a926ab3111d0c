"""Sweeps are created, computed, stopped, resumed, renamed and deleted; what cannot be is said."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from django.db import transaction
from pytest_django import Settings

from planner.pinning.models import PinnedSnapshot
from planner.snapshot import current
from planner.sweeps.definition import Definition, DefinitionError, Selection
from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.work import leases, services
from planner.sweeps.work.computing import compute_here
from planner.sweeps.work.folder import folder
from planner.sweeps.work.leases import claim
from planner.sweeps.work.manifest import missing_files
from planner.sweeps.work.services import SweepError
from tests.sweeps.bare import bare_sweep, chunk

pytestmark = pytest.mark.django_db

SMALL = Definition(
    devices=Selection(slugs=("nvidia-geforce-rtx-4090", "apple-m3-ultra-80-core-gpu")),
    models=Selection(slugs=("llama-3-1-8b", "qwen3-8b")),
    contexts_tokens=(4096, 32768),
    concurrency=(1, 8),
    keep="all",
)


@pytest.fixture(autouse=True)
def own_results(settings: Settings, tmp_path: Path) -> Path:
    settings.RESULTS_DIR = tmp_path / "results"
    return tmp_path / "results"


def created(keep: str = "all", chunk_plans: int | None = 200) -> Sweep:
    return services.create(
        replace(SMALL, keep=keep), name="small", owner="me", snapshot=current(), chunk_plans=chunk_plans
    )


def names(sweep: Sweep) -> list[str]:
    return sorted(path.name for path in folder(sweep).iterdir())


def manifest(sweep: Sweep) -> dict[str, str]:
    return dict(sweep.files.order_by("name").values_list("name", "sha256"))


def test_it_is_cut_into_chunks_that_together_are_all_its_plans(own_results: Path) -> None:
    sweep = created(chunk_plans=100)
    chunks = list(sweep.chunks.order_by("index"))
    n_plans = sweep.n_plans
    assert n_plans > 300
    assert [c.index for c in chunks] == list(range(len(chunks)))
    assert [c.start for c in chunks] == [*range(0, n_plans, 100), n_plans]
    assert [c.stop for c in chunks] == [*range(100, n_plans, 100), n_plans, n_plans]
    assert sweep.state == Sweep.State.QUEUED
    assert sweep.snapshot.sha256 == current().sha256
    assert sweep.entries["machines"]
    assert (own_results / str(sweep.pk)).is_dir()


@pytest.mark.parametrize(
    ("n_plans", "size", "n_chunks"),
    [(1, 65_536, 1), (4_000_000, 65_536, 62), (11_000_000, 196_608, 56), (10**10, 2**20, 9_537)],
)
def test_chunks_grow_with_the_sweep_up_to_what_memory_holds(n_plans: int, size: int, n_chunks: int) -> None:
    assert services._chunk_plans(n_plans) == size
    assert -(-n_plans // size) == n_chunks


@pytest.mark.parametrize("keep", ["all", "running", "best"])
def test_what_is_computed_is_in_the_manifest_and_nothing_else_is_there(keep: str) -> None:
    sweep = created(keep)
    compute_here(sweep)
    assert (sweep.state, sweep.reason) == (Sweep.State.DONE, "")
    assert names(sweep) == sorted(manifest(sweep))
    assert missing_files(sweep) == []
    rows = [str(folder(sweep) / file.name) for file in sweep.files.filter(kind=ResultFile.Kind.ROWS)]
    n_rows = duckdb.read_parquet(rows).aggregate("count(*), count(DISTINCT plan)").fetchall()[0]
    recorded = sum(sweep.files.filter(kind=ResultFile.Kind.ROWS).values_list("n_rows", flat=True))
    assert n_rows == (recorded, recorded)
    assert (recorded == sweep.n_plans) == (keep == "all")
    assert recorded > 0
    assert len(rows) == (1 if keep == "best" else sweep.chunks.count() - 1)


def test_the_same_sweep_gives_the_same_files() -> None:
    first, second = created("running"), created("running")
    for sweep in (first, second):
        compute_here(sweep)
    assert manifest(first) == manifest(second)


def test_a_definition_that_cannot_be_leaves_nothing(own_results: Path) -> None:
    with pytest.raises(DefinitionError):
        services.create(
            replace(SMALL, models=Selection(slugs=("no-such-model",))),
            name="x",
            owner="me",
            snapshot=current(),
        )
    assert not own_results.exists()
    assert not Sweep.objects.exists()


def test_a_failure_while_it_is_stored_leaves_no_folder(
    own_results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(Chunk.objects, "bulk_create", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        created()
    assert list(own_results.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(own_results: Path) -> None:
    own_results.write_text("a file in its place", encoding="ascii")
    with pytest.raises(SweepError, match=r"Results cannot be written to .*results .*set RESULTS_DIR"):
        created()
    assert not Sweep.objects.exists()


def test_a_disk_without_room_is_told(own_results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6, 10**6 - 10, 10))
    with pytest.raises(SweepError, match=r"takes about 0\.0 GB, and .* has 0\.0 GB free"):
        created()
    assert list(own_results.iterdir()) == []


def test_a_stopped_sweep_goes_on_where_it_was() -> None:
    whole = created()
    compute_here(whole)
    sweep = created()
    lease = claim("host:1/2")
    assert lease
    services.stop(sweep)
    assert (sweep.state, sweep.reason) == (Sweep.State.STOPPED, "")
    with pytest.raises(SweepError, match="not running"):
        services.stop(sweep)
    services.resume(sweep)
    assert sweep.state == Sweep.State.QUEUED
    assert chunk(sweep).state == Chunk.State.LEASED  # whoever computes it may go on
    leases.give_back(Chunk.objects.filter(sweep=sweep))
    compute_here(sweep)
    assert manifest(sweep) == manifest(whole)


def test_a_failed_sweep_can_be_tried_again() -> None:
    sweep = created()
    shutil.rmtree(folder(sweep))
    compute_here(sweep)
    assert sweep.state == Sweep.State.FAILED
    assert f"The folder {folder(sweep)} is missing" in sweep.reason
    services.resume(sweep)
    compute_here(sweep)
    assert (sweep.state, sweep.reason) == (Sweep.State.DONE, "")
    assert set(sweep.chunks.values_list("error", flat=True)) == {""}


def test_who_computes_since_before_cannot_fail_what_was_resumed() -> None:
    sweep = created()
    lease = claim("one:1/1")
    assert lease is not None
    sweep.chunks.filter(pk=lease.chunk_id).update(attempts=leases.MOST_ATTEMPTS)
    Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.FAILED)
    services.resume(sweep)
    leases.fail(lease, "no such folder", for_good=True)
    sweep.refresh_from_db()
    assert sweep.state == Sweep.State.QUEUED
    compute_here(sweep)
    assert sweep.state == Sweep.State.DONE


@pytest.mark.parametrize("keep", ["running", "best"])
@pytest.mark.parametrize("lost", ["cells-000001.parquet", "summary.parquet", "*"])
def test_files_that_are_gone_are_computed_again(keep: str, lost: str) -> None:
    sweep = created(keep)
    compute_here(sweep)
    with pytest.raises(SweepError, match="all its files are there"):
        services.resume(sweep)
    before = manifest(sweep)
    for path in folder(sweep).glob(lost):
        path.unlink()
    services.resume(sweep)
    assert sweep.state == Sweep.State.QUEUED
    compute_here(sweep)
    assert sweep.state == Sweep.State.DONE
    assert manifest(sweep) == before
    assert names(sweep) == sorted(before)


def test_only_what_is_gone_is_computed_again() -> None:
    sweep = created()
    compute_here(sweep)
    (folder(sweep) / "rows-000001.parquet").write_bytes(b"cut off")
    services.resume(sweep)
    waiting = sweep.chunks.filter(state=Chunk.State.PENDING).order_by("index")
    assert list(waiting.values_list("index", flat=True)) == [1, sweep.chunks.count() - 1]


def test_it_fails_where_it_cannot_be_computed_as_it_was_asked() -> None:
    """The formulas of its snapshot are not those of this program."""
    sweep = created()
    PinnedSnapshot.objects.filter(pk=sweep.snapshot_id).update(sha256="f" * 64, formula_version=0)
    compute_here(sweep)
    assert sweep.state == Sweep.State.FAILED
    assert sweep.reason.startswith(
        "Computing the plans 1 to 200 failed: It was computed with formula version 0"
    )


def test_it_fails_where_its_plans_were_numbered_otherwise() -> None:
    sweep = created()
    Sweep.objects.filter(pk=sweep.pk).update(numbering=0)
    compute_here(sweep)
    assert sweep.state == Sweep.State.FAILED
    assert "planned with another version of this program. Ask it anew." in sweep.reason


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_has_some_characters(name: str) -> None:
    sweep = bare_sweep()
    with pytest.raises(SweepError, match="1 to 200 characters"):
        services.rename(sweep, name)
    services.rename(sweep, "  my   sweep ")
    sweep.refresh_from_db()
    assert sweep.name == "my sweep"


def test_a_deleted_sweep_is_gone_with_its_folder_only(own_results: Path) -> None:
    sweep, other = created(), created()
    (own_results / "somebody-elses").mkdir()
    services.delete(sweep)
    assert list(Sweep.objects.all()) == [other]
    assert sorted(path.name for path in own_results.iterdir()) == sorted([str(other.pk), "somebody-elses"])


def test_a_sweep_under_way_is_deleted_when_nobody_computes_it(own_results: Path) -> None:
    from planner.sweeps.work.tidying import remove_deleted

    sweep = created()
    lease = claim("host:1/2")
    services.delete(sweep)
    sweep.refresh_from_db()
    assert sweep.state == Sweep.State.DELETING
    assert not remove_deleted(sweep.pk)
    assert lease
    Chunk.objects.filter(pk=lease.chunk_id).update(state=Chunk.State.PENDING)
    assert remove_deleted(sweep.pk)
    assert not Sweep.objects.exists()
    assert list(own_results.iterdir()) == []
