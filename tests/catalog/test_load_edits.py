"""load_catalog never writes over edits in silence: it shows the differences and asks, or a flag decides."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command

from hardware_catalog.editing import release
from hardware_catalog.edits import Choice, Decide, Edit, Referee, later
from hardware_catalog.loading import Loaded, load
from hardware_catalog.management.commands import load_catalog
from hardware_catalog.models import Alias, BlockType, CatalogVersion, Device, Machine, Measurement, Source
from hardware_catalog.rows import CatalogRows
from tests.catalog.test_load_catalog import GEFORCE, edit

pytestmark = pytest.mark.django_db
CARD = "nvidia-geforce-rtx-4090"


def released(shipped: CatalogRows, **figures: float) -> CatalogRows:
    """The next release of the shipped files, in which the card has other figures."""
    devices = tuple(
        replace(device, **figures) if device.slug == CARD else device for device in shipped.devices
    )
    return replace(shipped, devices=devices)


def bring(rows: CatalogRows, folder: Path, decide: Decide = later) -> Loaded:
    return load(rows, "a release", folder, decide)


def card() -> tuple[float | None, float | None]:
    device = Device.objects.get(slug=CARD)
    return device.tdp_w, device.bandwidth_bytes_per_s


@pytest.fixture
def edited() -> None:
    """The card's power was corrected here, behind the admin's back."""
    Device.objects.filter(slug=CARD).update(tdp_w=451)


@pytest.mark.usefixtures("edited")
def test_an_edit_stays_until_somebody_decides(shipped: CatalogRows, tmp_path: Path) -> None:
    news = released(shipped, bandwidth_bytes_per_s=1009e9)
    for _ in range(2):
        loaded = bring(news, tmp_path)
        (told,) = loaded.undecided
        assert (told.kind, told.key, told.is_news) == ("devices", CARD, True)
        assert [str(difference) for difference in told.differences] == [
            "memory bandwidth: 1008 GB/s → 1009 GB/s",
            "power: 451 W → 450 W",
        ]
        assert loaded.counts["devices"].kept == 1
        assert card() == (451, 1008e9)


@pytest.mark.usefixtures("edited")
def test_keeping_settles_it_until_the_next_news(shipped: CatalogRows, tmp_path: Path) -> None:
    news = released(shipped, bandwidth_bytes_per_s=1009e9)
    assert bring(news, tmp_path, lambda told: Choice.KEEP).undecided == ()
    assert bring(news, tmp_path).undecided == ()
    assert card() == (451, 1008e9)
    assert len(bring(released(shipped, bandwidth_bytes_per_s=1010e9), tmp_path).undecided) == 1


@pytest.mark.usefixtures("edited")
def test_overwriting_takes_the_shipped_row_and_the_history_keeps_the_edit(
    shipped: CatalogRows, tmp_path: Path
) -> None:
    Device.objects.filter(slug="nvidia-t4").update(tdp_w=71, is_local=True)  # an edit without news
    loaded = bring(released(shipped, bandwidth_bytes_per_s=1009e9), tmp_path, lambda told: Choice.OVERWRITE)
    assert (loaded.counts["devices"].updated, loaded.undecided) == (2, ())
    assert card() == (450, 1009e9)
    kept, now = Device.history.filter(slug=CARD).order_by("history_id")
    assert (kept.tdp_w, now.tdp_w) == (451, 450)
    other = Device.objects.get(slug="nvidia-t4")
    assert (other.tdp_w, other.is_local) == (70, False)


@pytest.mark.usefixtures("edited")
def test_an_edit_where_the_files_have_nothing_new_stays_without_a_word(
    shipped: CatalogRows, tmp_path: Path
) -> None:
    Device.objects.get(slug="nvidia-l4").memory_options.all().delete()
    Alias.objects.create(text="my card", device=Device.objects.get(slug="nvidia-t4"))
    Device.objects.filter(slug="nvidia-t4").update(is_local=True)
    loaded = bring(shipped, tmp_path)
    assert (loaded.counts["devices"].kept, loaded.counts["devices"].changes, loaded.undecided) == (3, 0, ())
    release(Device, [Device.objects.get(slug="nvidia-t4").pk])
    assert bring(shipped, tmp_path).counts["devices"].updated == 1
    assert not Alias.objects.filter(text="my card").exists()


def test_what_left_the_files_but_was_edited_here_stays(shipped: CatalogRows, tmp_path: Path) -> None:
    Machine.objects.filter(slug="steam-deck-lcd-16-gb").update(notes="mine")
    gone = [machine.slug for machine in shipped.machines if machine.slug.startswith("steam-deck")]
    first = Machine.objects.get(slug=gone[0])
    Machine.objects.filter(pk=first.pk).update(notes="mine")
    without = replace(shipped, machines=tuple(m for m in shipped.machines if m.slug not in gone))
    loaded = bring(without, tmp_path)
    assert [told.key for told in loaded.undecided] == [first.slug]
    assert "no longer there" in str(loaded.undecided[0].differences[0])
    assert loaded.counts["machines"].withdrawn == len(gone) - 1
    assert bring(without, tmp_path, lambda told: Choice.OVERWRITE).counts["machines"].withdrawn == 1


def test_sources_and_block_types_are_not_written_over_either(shipped: CatalogRows, tmp_path: Path) -> None:
    BlockType.objects.create(name="MINE_1", elements=32, bytes=18)
    BlockType.objects.filter(name="Q4_K").update(notes="mine")
    source = shipped.sources[0]
    Source.objects.filter(citation=source.citation).update(licence="mine")
    news = replace(
        shipped,
        sources=(replace(source, licence="theirs"), *shipped.sources[1:]),
        block_type_rows=tuple(
            replace(row, notes="theirs") if row.name == "Q4_K" else row for row in shipped.block_type_rows
        ),
    )
    assert [told.key for told in bring(news, tmp_path).undecided] == ["Q4_K", source.citation]
    assert Source.objects.get(citation=source.citation).licence == "mine"
    assert set(BlockType.objects.filter(notes="mine").values_list("name", flat=True)) == {"Q4_K"}
    assert BlockType.objects.filter(name="MINE_1").exists()


def test_a_load_writes_the_history_of_what_it_changes_and_of_nothing_else(
    shipped: CatalogRows, tmp_path: Path
) -> None:
    assert (Device.history.count(), Measurement.history.count()) == (0, 0)  # the first load made 22,000 rows
    news = released(shipped, bandwidth_bytes_per_s=1009e9)
    for _ in range(2):
        bring(news, tmp_path)
        first, now = Device.history.order_by("history_id")
        assert (first.slug, first.bandwidth_bytes_per_s, now.bandwidth_bytes_per_s) == (CARD, 1008e9, 1009e9)
    assert first.history_date == CatalogVersion.objects.earliest().loaded_at
    assert now.history_change_reason == "load of the shipped files a release"
    assert now.belongings == first.belongings
    assert now.belongings["sources"]


def test_an_older_database_learns_what_was_shipped(shipped: CatalogRows, tmp_path: Path) -> None:
    """Its rows have no digest: they count as unedited, unless somebody marked them."""
    Device.objects.update(shipped_digest=None)
    Device.objects.filter(slug="nvidia-t4").update(tdp_w=71, is_local=True)
    loaded = bring(released(shipped, bandwidth_bytes_per_s=1009e9), tmp_path)
    assert [told.name for told in loaded.undecided] == ["NVIDIA T4"]
    assert card()[1] == 1009e9
    assert Device.objects.filter(shipped_digest=None).count() == 1  # what nobody decided


@pytest.mark.parametrize(
    ("here", "known", "local", "may"),
    [("old", "old", False, True), ("mine", "old", False, False), ("old", "old", True, False)],
)
def test_what_counts_as_an_edit(here: str, known: str, local: bool, may: bool) -> None:
    from hardware_catalog.content import digest_of

    referee = Referee()
    told = referee.may_write(
        "devices",
        "x",
        here={"name": here},
        shipped={"name": "new"},
        known=digest_of({"name": known}),
        is_local=local,
    )
    assert told is may
    assert len(referee.undecided) == (not may)


# the command


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def command(*arguments: str, data: Path) -> tuple[str, str]:
    out, told = io.StringIO(), io.StringIO()
    call_command("load_catalog", *arguments, data=data, stdout=out, stderr=told)
    return out.getvalue(), told.getvalue()


@pytest.mark.usefixtures("edited")
def test_the_command_says_what_it_kept_in_full_or_in_one_line(data: Path) -> None:
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    output, told = command(data=data)
    assert "devices: 0 created, 0 updated, 624 unchanged, 0 withdrawn, 1 kept" in output
    assert "kept as edited here: device NVIDIA GeForce RTX 4090 (nvidia-geforce-rtx-4090)" in output
    assert "  power: here 451 W, shipped 450 W" in output
    assert told.startswith("The catalog keeps 1 row as edited here")
    output, told = command("-v0", data=data)  # as a server starts
    assert (output, told.count("\n")) == ("", 1)
    assert "NVIDIA GeForce RTX 4090" in told
    assert command("--overwrite-edits", data=data)[1] == ""
    assert card() == (450, 1009e9)


@pytest.mark.usefixtures("edited")
def test_a_person_at_a_terminal_is_asked(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(data / GEFORCE, "GDDR6X,1008,", "GDDR6X,1009,")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda prompt: pytest.fail("nobody is there"))
    command("-v0", data=data)
    waiting = ["what?", "l"]
    monkeypatch.setattr("builtins.input", lambda prompt: waiting.pop(0))
    output, told = command(data=data)
    assert "1 of 1: device NVIDIA GeForce RTX 4090 (nvidia-geforce-rtx-4090) was edited here" in output
    assert told
    assert card() == (451, 1008e9)

    def think(prompt: str) -> str:
        Device.objects.filter(slug=CARD).update(tdp_w=452)  # a colleague, meanwhile
        return "t"

    monkeypatch.setattr("builtins.input", think)
    assert "1 row as edited here" in command(data=data)[1]
    assert card() == (452, 1008e9)


def test_one_answer_for_all_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    edits = [Edit("devices", str(n), str(n), "a", "b", True, ()) for n in range(5)]
    waiting = ["k", "T"]
    monkeypatch.setattr("builtins.input", lambda prompt: waiting.pop(0))
    chosen = load_catalog.Command(stdout=io.StringIO())._ask(edits)
    assert list(chosen.values()) == [Choice.KEEP, *[Choice.OVERWRITE] * 4]
