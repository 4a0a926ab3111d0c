"""load_catalog: idempotent, by comparing rows; nothing is loaded from bad files; what people edit is kept."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from hardware_catalog.models import CatalogVersion, Device, Machine, Source
from hardware_catalog.selectors import catalog_rows

pytestmark = pytest.mark.django_db
GEFORCE = "devices/nvidia-geforce.csv"


def load(*arguments: str, **options: object) -> str:
    out = io.StringIO()
    call_command("load_catalog", *arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def drop_rows(path: Path, start: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(start)]
    path.write_text("".join(kept), encoding="utf-8")
    return len(lines) - len(kept)


def test_a_second_run_changes_nothing() -> None:
    versions = CatalogVersion.objects.count()
    output = load()
    assert output.rstrip().endswith("\n0 changes")
    assert "devices: 0 created, 0 updated, 625 unchanged, 0 withdrawn, 0 kept" in output
    assert "models: 0 created, 0 updated, 220 unchanged, 0 withdrawn, 0 kept" in output
    assert CatalogVersion.objects.count() == versions == 1


def test_a_changed_file_updates_only_what_changed(data: Path) -> None:
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    output = load(data=data)
    assert "devices: 0 created, 1 updated, 624 unchanged, 0 withdrawn" in output
    assert "1 change" in output
    assert Device.objects.get(slug="nvidia-geforce-rtx-4090").bandwidth_bytes_per_s == 1009e9
    assert CatalogVersion.objects.count() == 2
    assert CatalogVersion.objects.latest().counts["devices"]["updated"] == 1


def test_loading_keeps_every_row_as_the_files_have_it(data: Path) -> None:
    before = catalog_rows()
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    load(data=data)
    load()
    assert catalog_rows() == before


def test_what_is_no_longer_shipped_is_withdrawn_and_comes_back(data: Path) -> None:
    gone = drop_rows(data / "machines" / "handhelds.csv", "steam-deck")
    assert gone == 2
    assert "machines: 0 created, 0 updated, " in (output := load(data=data))
    assert f"{gone} withdrawn" in output
    assert Machine.objects.filter(slug__startswith="steam-deck", withdrawn=True).count() == gone
    assert not any(row.slug.startswith("steam-deck") for row in catalog_rows().machines)
    assert "0 changes" in load(data=data)
    assert f"machines: 0 created, {gone} updated" in load()
    assert not Machine.objects.filter(withdrawn=True).exists()


def test_an_entry_of_ones_own_stays() -> None:
    card = Device.objects.get(slug="nvidia-t4")
    Machine.objects.create(
        slug="my-box",
        name="My box",
        category="desktop",
        device=card,
        memory_gb=16,
        operating_system="linux",
        is_local=True,
    )
    output = load()
    assert "0 withdrawn, 1 kept" in output
    assert "0 changes" in output
    assert "my-box" in {row.slug for row in catalog_rows().machines}


def test_bad_files_load_nothing(data: Path) -> None:
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    edit(data / "machines/macs.csv", ",macos,", ",beos,")
    errors = io.StringIO()
    with pytest.raises(CommandError, match="1 problems in the data files; nothing was loaded"):
        call_command("load_catalog", data=data, stdout=io.StringIO(), stderr=errors)
    assert errors.getvalue().startswith("machines/macs.csv:2: operating_system: ")
    assert Device.objects.get(slug="nvidia-geforce-rtx-4090").bandwidth_bytes_per_s == 1008e9


def test_check_validates_and_loads_nothing(data: Path) -> None:
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    assert load("--check", data=data) == "The catalog's files are valid.\n"
    assert Device.objects.get(slug="nvidia-geforce-rtx-4090").bandwidth_bytes_per_s == 1008e9


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is not a directory"):
        load(data=tmp_path / "nowhere")


def test_new_facts_on_a_source_reach_the_database(data: Path) -> None:
    edit(data / "sources.csv", "facts only,single figures are cited;", "CC0-1.0,single figures are cited;")
    assert "0 created" in load(data=data)
    assert Source.objects.filter(licence="CC0-1.0").exists()
