"""Imports: what changes is shown first, every fault is named by row and column, and who did it is kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from hardware_catalog.importing.formats import SafeCsv
from hardware_catalog.models import Device, LanguageModel, Machine, Measurement, Source
from planner import snapshot
from tests.catalog.staff import signed_in

pytestmark = pytest.mark.django_db

Upload = Callable[..., HttpResponse]
CARD = "nvidia-geforce-rtx-4090"
NEW = {
    "slug": "made-up-card",
    "name": "Made-up Card",
    "kind": "gpu",
    "vendor": "NVIDIA",
    "form_factor": "desktop",
    "memory_gb_options": "24|48",
    "bandwidth_gb_per_s": "1008.5",
    "bandwidth_is_upper_limit": "false",
    "unified_memory": "no",
    "sources": "https://example.org/made-up | NVIDIA Ada whitepaper, page 3",
    "aliases": "made up | mu card",
    "figure_notes": '[{"field": "tdp_w", "kind": "inferred", "text": "from the cooler"}]',
}


def table(*rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def editor() -> Client:
    return signed_in()


@pytest.fixture
def upload(editor: Client) -> Upload:
    """Send a file to the import page of one kind of object, to see what it changes."""

    def send(model: str, text: str, file_format: str = "0", resource: str = "0", name: str = "my.csv") -> Any:
        file = SimpleUploadedFile(name, text.encode())
        data = {"import_file": file, "format": file_format, "resource": resource}
        return editor.post(reverse(f"admin:hardware_catalog_{model}_import"), data)

    return send


def confirm(editor: Client, preview: HttpResponse, model: str = "device") -> HttpResponse:
    """Press the preview's button."""
    data = preview.context["confirm_form"].initial
    return editor.post(reverse(f"admin:hardware_catalog_{model}_process_import"), data, follow=True)


def faults(preview: HttpResponse) -> dict[int, dict[str, list[str]]]:
    return {row.number: row.error_dict for row in preview.context["result"].invalid_rows}


def test_a_change_is_shown_then_done_and_kept(editor: Client, upload: Upload) -> None:
    preview = upload("device", table({"slug": CARD, "tdp_w": "451", "aliases": "forty ninety"}))
    shown = preview.content.decode()
    assert "1 row would change the catalog (0 new, 1 changed)" in shown
    assert "<del>450</del>" in shown
    assert "<ins>451</ins>" in shown
    assert Device.objects.get(slug=CARD).tdp_w == 450
    done = confirm(editor, preview).content.decode()
    assert "Imported: 0 new, 1 changed, 0 as they were." in done
    card = Device.objects.get(slug=CARD)
    assert (card.tdp_w, card.is_local) == (451, True)
    assert list(card.alias_set.values_list("text", flat=True)) == ["forty ninety"]
    before, after = Device.history.filter(slug=CARD).order_by("history_id")
    assert (before.tdp_w, before.history_user) == (450, None)
    assert (after.tdp_w, str(after.history_user)) == (451, "editor")
    assert after.history_change_reason == "import of my.csv"
    assert after.belongings["aliases"] == ["forty ninety"]
    assert after.belongings["sources"] == before.belongings["sources"] != []


def test_a_new_device_brings_its_belongings(editor: Client, upload: Upload) -> None:
    preview = upload("device", table(NEW))
    assert "new" in preview.content.decode()
    confirm(editor, preview)
    card = Device.objects.get(slug="made-up-card")
    assert card.bandwidth_bytes_per_s == 1008.5e9
    assert [option.memory_gb for option in card.memory_options.all()] == [24, 48]
    assert [note.text for note in card.figure_notes.all()] == ["from the cooler"]
    assert [alias.text for alias in card.alias_set.all()] == ["made up", "mu card"]
    assert Source.objects.get(citation="https://example.org/made-up").url == "https://example.org/made-up"
    assert card.is_local
    assert Device.history.get(slug="made-up-card").history_type == "+"


def test_the_pages_notice_an_import(editor: Client, upload: Upload) -> None:
    before = snapshot._catalog_state()
    confirm(editor, upload("device", table({"slug": CARD, "tdp_w": "451"})))
    assert snapshot._catalog_state() != before
    assert LogEntry.objects.latest("pk").object_repr == "NVIDIA GeForce RTX 4090"


def test_faults_are_named_by_row_and_column(editor: Client, upload: Upload) -> None:
    rows = [
        NEW,
        NEW | {"slug": "Bad Slug", "name": ""},
        NEW | {"slug": "made-up-2", "kind": "gppu", "vendor": "NVIDEA", "bandwidth_gb_per_s": "1e9"},
        NEW | {"slug": "made-up-3", "memory_gb_options": "48|24", "sources": "", "unified_memory": "maybe"},
        NEW | {"slug": "made-up-4", "bandwidth_gb_per_s": "fast", "figure_notes": '[{"field": "colour"}]'},
        NEW,
        NEW | {"slug": "made-up-5", "bandwidth_gb_per_s": "", "bandwidth_is_upper_limit": "true"},
    ]
    found = faults(upload("device", table(*rows)))
    assert set(found) == {2, 3, 4, 5, 6, 7}
    assert set(found[2]) == {"slug", "name"}
    assert found[2]["name"] == ["is needed"]
    assert found[3]["kind"][0].startswith("must be one of: gpu, apple")
    assert found[3]["vendor"] == ["the catalog has no maker 'NVIDEA'; did you mean NVIDIA?"]
    assert found[3]["bandwidth_gb_per_s"][0].startswith("must be between 1 and 100,000 GB/s; leave it empty")
    assert set(found[4]) == {"memory_gb_options", "sources", "unified_memory"}
    assert found[4]["sources"] == ["name at least one source"]
    assert found[5]["bandwidth_gb_per_s"][0].startswith("is no number")
    assert found[5]["figure_notes"] == ['each note is an object {"field": …, "kind": …, "text": …}']
    assert found[6] == {"slug": ["row 1 has it, too"]}
    assert found[7]["__all__"] == ["An unknown bandwidth cannot be an upper limit."]


def test_rows_with_faults_are_left_out_only_when_asked(editor: Client, upload: Upload) -> None:
    rows = [NEW, NEW | {"slug": "made-up-2", "kind": "gppu"}]
    preview = upload("device", table(*rows))
    assert "Import the 1 without faults, leave 1 out" in preview.content.decode()
    form = preview.context["confirm_form"].initial
    address = reverse("admin:hardware_catalog_device_process_import")
    again = upload("device", table(*rows)).context["confirm_form"].initial
    refused = editor.post(address, form | {"leave_out": ""})  # as if the catalog had changed since
    assert "Nothing was imported" in refused.content.decode()
    assert not Device.objects.filter(slug__startswith="made-up").exists()
    done = editor.post(address, again, follow=True).content.decode()
    assert "1 new, 0 changed, 0 as they were, 1 left out." in done
    assert list(Device.objects.filter(slug__startswith="made-up").values_list("slug", flat=True)) == [
        "made-up-card"
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slug,bandwith_gb_per_s\nx,1\n", "There is no column &#x27;bandwith_gb_per_s&#x27;."),
        ("name,tdp_w\nx,1\n", "The column &#x27;slug&#x27; is needed"),
        ("slug,tdp_w,tdp_w\nx,1,2\n", "The column &#x27;tdp_w&#x27; is there twice."),
        ("slug,tdp_w\nx\n", "row 1 has 1 cells under 2 headers"),
        ("", "No valid data to import"),
    ],
)
def test_tables_that_cannot_be_meant(upload: Upload, text: str, sentence: str) -> None:
    response = upload("device", text or " ")
    assert sentence in response.content.decode()
    assert "confirm_form" not in response.context


def test_json_with_real_figures_and_other_programs_floats(editor: Client, upload: Upload) -> None:
    rows = json.dumps([{"slug": CARD, "tdp_w": 451.0, "unified_memory": False}])
    confirm(editor, upload("device", rows, file_format="1", name="my.json"))
    assert Device.objects.get(slug=CARD).tdp_w == 451
    broken = upload("device", '[{"slug": "a"}, {"name": "b"}]', file_format="1")
    assert "object 2 has other names than the first one" in broken.content.decode()


def test_launch_prices_alone(editor: Client, upload: Upload) -> None:
    text = table({"slug": CARD, "launch_price_usd": "1650"}, {"slug": "voodoo-2", "launch_price_usd": "300"})
    preview = upload("device", text, resource="1")
    assert faults(preview) == {2: {"slug": ["the catalog has no such entry, and this table adds none"]}}
    confirm(editor, preview)
    assert Device.objects.get(slug=CARD).launch_price_usd == 1650


def test_machines_and_models_are_checked_as_in_their_forms(editor: Client, upload: Upload) -> None:
    machine = Machine.objects.get(slug="mac-studio-m3-ultra-80-core-gpu-512-gb")
    found = faults(upload("machine", table({"slug": machine.slug, "memory_gb": "300"})))
    assert found == {1: {"memory_gb": [f"{machine.device} is sold with 96, 256, 512 GB, not 300."]}}
    found = faults(
        upload("languagemodel", table({"slug": "llama-3-1-8b", "config": '{"hidden_size": 4096}'}))
    )
    assert found[1]["config"][0].startswith("The engine cannot read this architecture")
    text = table({"slug": "llama-3-1-8b", "max_context_tokens": "65536", "native_format": "bf17"})
    assert "did you mean" in faults(upload("languagemodel", text))[1]["native_format"][0]
    confirm(
        editor,
        upload("languagemodel", table({"slug": "llama-3-1-8b", "max_context_tokens": "65536"})),
        "languagemodel",
    )
    assert LanguageModel.objects.get(slug="llama-3-1-8b").max_context_tokens == 65536


def test_a_new_machine_rests_on_its_devices_sources(editor: Client, upload: Upload) -> None:
    row = {
        "slug": "my-box",
        "name": "My box",
        "category": "desktop",
        "device": CARD,
        "device_count": "2",
        "memory_gb": "24",
        "operating_system": "linux",
    }
    confirm(editor, upload("machine", table(row)), "machine")
    machine = Machine.objects.get(slug="my-box")
    assert machine.citation_set.count() == machine.device.citation_set.count() > 0


def test_measurements_are_derived_and_stay_where_they_stand(editor: Client, upload: Upload) -> None:
    row = {
        "id": "own-1",
        "device": "RTX 4090",
        "model": "Llama 3.1 8B",
        "quant": "Q4_K_M",
        "runtime": "llama.cpp",
        "metric": "decode_tps_per_seq",
        "value": "130",
    }
    preview = upload("measurement", table(row, row | {"id": "own-2", "device": "Voodoo 2"}))
    shown = preview.content.decode()
    assert "new; resolved" in shown
    assert "not in the catalog" in shown
    confirm(editor, preview, "measurement")
    own = Measurement.objects.get(slug="own-1")
    assert own.device is not None
    assert (own.origin, own.outcome, own.device.slug) == ("own", "resolved", CARD)
    kept = Measurement.objects.get(slug="apple-axengine-002")
    moved = table({"id": kept.slug, "source_url": "https://example.org/forged"})
    assert "stays" in faults(upload("measurement", moved))[1]["source_url"][0]
    confirm(editor, upload("measurement", table({"id": kept.slug, "value": "99"})), "measurement")
    kept.refresh_from_db()
    assert (kept.value, kept.is_local) == (99, True)


def test_what_an_export_page_gives_is_what_the_list_shows(editor: Client) -> None:
    address = reverse("admin:hardware_catalog_device_export") + "?q=4090"
    page = editor.get(address).content.decode()
    assert "3 rows" in page
    assert "Table:" in page
    response = editor.post(address, {"format": "0", "resource": "0"})
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"] == 'attachment; filename="devices.csv"'
    assert len(SafeCsv().create_dataset(response.content)) == 3


def test_a_file_that_is_gone_is_asked_for_again(editor: Client) -> None:
    data = {"import_file_name": "../../etc/passwd", "original_file_name": "x", "format": "0", "resource": "0"}
    response = editor.post(reverse("admin:hardware_catalog_device_process_import"), data)
    assert "upload it again" in response.content.decode()
