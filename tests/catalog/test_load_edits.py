"""load_catalog never writes over edits in silence: it shows the differences and asks, or a flag decides."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from hardware_catalog.editing import release
from hardware_catalog.management.commands import load_catalog
from hardware_catalog.models import Alias, BlockType, CatalogVersion, Device, Machine, Measurement, Source
from tests.catalog.test_load_catalog import GEFORCE, drop_rows, edit

pytestmark = pytest.mark.django_db
CARD = "nvidia-geforce-rtx-4090"


@pytest.fixture
def edited(data: Path) -> Path:
    """The card's power was corrected here, behind the admin's back, and the files have a new bandwidth by now."""
    Device.objects.filter(slug=CARD).update(tdp_w=451)
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    return data


def load(*arguments: str, data: Path) -> tuple[str, str]:
    out, told = io.StringIO(), io.StringIO()
    call_command("load_catalog", *arguments, data=data, stdout=out, stderr=told)
    return out.getvalue(), told.getvalue()


def card() -> tuple[float | None, float | None]:
    device = Device.objects.get(slug=CARD)
    return device.tdp_w, device.bandwidth_bytes_per_s


def answer(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Sit at the terminal."""
    waiting = list(answers)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda prompt: waiting.pop(0))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_edit_stays_and_is_said_with_its_differences(edited: Path) -> None:
    output, told = load(data=edited)
    assert card() == (451, 1008e9)
    assert "devices: 0 created, 0 updated, 624 unchanged, 0 withdrawn, 1 kept" in output
    assert "kept as edited here: device NVIDIA GeForce RTX 4090 (nvidia-geforce-rtx-4090)" in output
    assert "memory bandwidth: here 1008 GB/s, shipped 1009 GB/s" in output
    assert "power: here 451 W, shipped 450 W" in output
    assert told.startswith("The catalog keeps 1 row as edited here")


def test_it_is_said_in_one_line_where_a_server_starts(edited: Path) -> None:
    for _ in range(2):  # until somebody decides
        output, told = load("-v0", data=edited)
        assert (output, told.count("\n"), card()[0]) == ("", 1, 451)
        assert "NVIDIA GeForce RTX 4090" in told


def test_an_edit_where_the_files_have_nothing_new_stays_without_a_word(data: Path) -> None:
    Device.objects.filter(slug=CARD).update(tdp_w=451)
    Device.objects.get(slug="nvidia-l4").memory_options.all().delete()
    Alias.objects.create(text="my card", device=Device.objects.get(slug="nvidia-t4"))
    output, told = load(data=data)
    assert "devices: 0 created, 0 updated, 622 unchanged, 0 withdrawn, 3 kept" in output
    assert (told, card()[0]) == ("", 451)


def test_keeping_edits_settles_the_question(edited: Path) -> None:
    assert load("--keep-edits", data=edited)[1] == ""
    assert load(data=edited)[1] == ""
    assert card() == (451, 1008e9)
    edit(edited / GEFORCE, "GDDR6X,1009,", "GDDR6X,1010,")  # the next release
    assert "1 row as edited here" in load(data=edited)[1]


def test_overwriting_edits_takes_the_shipped_rows_and_the_history_keeps_the_edit(edited: Path) -> None:
    output, told = load("--overwrite-edits", data=edited)
    assert "devices: 0 created, 1 updated" in output
    assert (told, card()) == ("", (450, 1009e9))
    kept, loaded = Device.history.filter(slug=CARD).order_by("history_id")
    assert (kept.tdp_w, loaded.tdp_w) == (451, 450)


def test_overwriting_takes_also_what_is_marked_as_kept(data: Path) -> None:
    Device.objects.filter(slug=CARD).update(tdp_w=451, is_local=True)
    load("--overwrite-edits", data=data)
    assert card()[0] == 450
    assert not Device.objects.get(slug=CARD).is_local


@pytest.mark.parametrize(
    ("key", "after", "asks_again"),
    [("k", (451, 1008e9), False), ("t", (450, 1009e9), False), ("l", (451, 1008e9), True)],
)
def test_a_person_is_asked(
    edited: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    after: tuple[float, float],
    asks_again: bool,
) -> None:
    answer(monkeypatch, "what?", key)
    output, _ = load(data=edited)
    assert "1 of 1: device NVIDIA GeForce RTX 4090 (nvidia-geforce-rtx-4090) was edited here" in output
    assert "power: here 451 W, shipped 450 W" in output
    assert card() == after
    assert bool(load("--noinput", data=edited)[1]) is asks_again


def test_one_answer_for_all_that_follow(edited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Device.objects.filter(slug="nvidia-geforce-rtx-4080").update(tdp_w=321)
    edit(edited / GEFORCE, "GDDR6X,716.8,", "GDDR6X,717,")
    answer(monkeypatch, "T")
    load(data=edited)
    assert card() == (450, 1009e9)
    assert Device.objects.get(slug="nvidia-geforce-rtx-4080").tdp_w == 320


def test_what_is_edited_while_a_person_thinks_stays(edited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())

    def think(prompt: str) -> str:
        Device.objects.filter(slug=CARD).update(tdp_w=452)  # a colleague
        return "t"

    monkeypatch.setattr("builtins.input", think)
    assert "1 row as edited here" in load(data=edited)[1]
    assert card() == (452, 1008e9)


def test_an_edited_entry_that_is_no_longer_shipped_stays(data: Path) -> None:
    Machine.objects.filter(slug__startswith="steam-deck").update(notes="mine")
    machine = Machine.objects.filter(slug__startswith="steam-deck").first()
    assert machine is not None
    drop_rows(data / "machines" / "handhelds.csv", machine.slug + ",")
    output, told = load(data=data)
    assert "in the shipped files: here edited here, shipped no longer there" in output
    assert machine.name in told
    machine.refresh_from_db()
    assert not machine.withdrawn
    load("--overwrite-edits", data=data)
    machine.refresh_from_db()
    assert machine.withdrawn


def test_sources_and_block_types_are_not_written_over_either(data: Path) -> None:
    Source.objects.filter(licence="facts only").update(licence="mine")
    BlockType.objects.create(name="MINE_1", elements=32, bytes=18)
    BlockType.objects.filter(name="Q4_K").update(notes="mine")
    changed = "facts only,single figures are cited;", "CC0-1.0,single figures are cited;"
    edit(data / "sources.csv", *changed)
    _, told = load(data=data)
    assert "as edited here" in told
    assert Source.objects.filter(licence="mine").exists()
    assert BlockType.objects.get(name="Q4_K").notes == "mine"
    assert BlockType.objects.filter(name="MINE_1").exists()


def test_a_released_entry_follows_the_files_again(edited: Path) -> None:
    device = Device.objects.get(slug=CARD)
    Device.objects.filter(slug=CARD).update(is_local=True)
    assert release(Device, [device.pk]) == 1
    assert load(data=edited)[1] == ""
    assert card() == (450, 1009e9)


def test_a_load_writes_the_history_of_what_it_changes_and_of_nothing_else(data: Path) -> None:
    before = Device.history.count(), Measurement.history.count()
    assert before == (0, 0)  # the first load created 22,000 rows
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    drop_rows(data / "machines" / "handhelds.csv", "steam-deck")
    load(data=data)
    first, now = Device.history.filter(slug=CARD).order_by("history_id")
    assert (first.bandwidth_bytes_per_s, now.bandwidth_bytes_per_s) == (1008e9, 1009e9)
    assert first.history_date == CatalogVersion.objects.earliest().loaded_at
    assert now.history_change_reason.startswith("load of the shipped files ")
    assert now.belongings == first.belongings != {}
    assert Machine.history.filter(withdrawn=True).count() == 2
    assert (Device.history.count(), Measurement.history.count()) == (2, 0)
    load(data=data)
    assert (Device.history.count(), Measurement.history.count()) == (2, 0)


def test_an_older_database_learns_what_was_shipped(data: Path) -> None:
    """Its rows have no digest: they count as unedited, unless somebody marked them."""
    Device.objects.update(shipped_digest=None)
    Device.objects.filter(slug="nvidia-t4").update(tdp_w=71, is_local=True)
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    _, told = load(data=data)
    assert "NVIDIA T4" in told
    assert card()[1] == 1009e9
    assert Device.objects.filter(shipped_digest=None).count() == 1  # what nobody decided


def test_the_command_can_be_told_never_to_ask(edited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch)
    load("--noinput", data=edited)
    assert card() == (451, 1008e9)
    assert load_catalog.QUESTION.endswith("[k/t/l/K/T/L] ")
