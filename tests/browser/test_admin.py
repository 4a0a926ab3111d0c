"""The admin in a real browser under the strict content policy: what editors and reviewers do, and a silent console."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, Server
from tests.conftest import ROOT
from tests.contributions.samples import sample

PASSWORD = "a long password"


@pytest.fixture(scope="module")
def account(server: Server) -> str:
    """The name of a superuser, made with createsuperuser."""
    made = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "createsuperuser",
            "--noinput",
            "--username=editor",
            "--email=e@example.org",
        ],
        cwd=ROOT,
        env=server.environment | {"DJANGO_SUPERUSER_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0 or "already taken" in made.stderr, made.stderr
    return "editor"


@pytest.fixture
def editor(page: Page, account: str) -> Page:
    """A signed-in editor."""
    page.goto("/admin/")
    page.get_by_label("Username").fill(account)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()
    return page


def find(editor: Page, name: str) -> None:
    """Open a device's form from the list."""
    editor.goto("/admin/hardware_catalog/device/")
    editor.locator("#searchbar").fill(name)
    editor.get_by_role("button", name="Search").click()
    editor.get_by_role("link", name=name, exact=True).click()


def save(editor: Page) -> None:
    editor.get_by_role("button", name="Save", exact=True).first.click()


def fits_a_phone(editor: Page) -> None:
    """What is wide scrolls by itself: the page does not."""
    editor.set_viewport_size({"width": 390, "height": 844})
    assert editor.evaluate("document.documentElement.scrollWidth") <= 390
    editor.set_viewport_size(DESKTOP)


def choose_vendor(editor: Page, name: str) -> None:
    editor.locator(".field-vendor .select2-selection").click()
    editor.locator(".select2-search__field").fill(name)
    editor.get_by_role("option", name=name, exact=True).click()


def delete_made_up(editor: Page) -> None:
    """Leave the catalog to the other tests as it was."""
    editor.goto("/admin/hardware_catalog/device/?q=made-up")
    editor.get_by_label("Select all objects on this page for an action").check()
    if editor.locator(".actions .question a").is_visible():
        editor.locator(".actions .question a").click()
    editor.get_by_label("Action:").select_option("delete_selected")
    editor.get_by_role("button", name="Run").click()
    editor.get_by_role("button", name="Yes, I’m sure").click()
    expect(editor.locator(".messagelist .success")).to_contain_text("Successfully deleted")


def test_add_a_device_and_see_a_slip_at_once(
    editor: Page, axe_violations: Callable[[Page], list[str]]
) -> None:
    editor.goto("/admin/hardware_catalog/device/add/")
    editor.get_by_label("Name:", exact=True).press_sequentially("Made-up Card")
    expect(editor.get_by_label("Slug:")).to_have_value("made-up-card")
    editor.get_by_label("Kind:").select_option("gpu")
    editor.get_by_label("Form factor:").select_option("desktop")
    choose_vendor(editor, "NVIDIA")
    editor.locator("#id_memory_options-0-memory_gb").fill("24")
    editor.get_by_label("Memory bandwidth (GB/s)").fill("10080")
    computed = editor.locator(".computed")
    expect(computed).to_contain_text("391 times a second")
    expect(computed).to_contain_text("Look again")
    editor.get_by_label("Memory bandwidth (GB/s)").fill("1008")
    expect(computed).to_contain_text("39.1 times a second")
    expect(computed).not_to_contain_text("Look again")
    expect(computed).to_contain_text("23.5 of 24 GB")
    save(editor)
    expect(editor.locator(".messagelist .success")).to_contain_text("Made-up Card")
    find(editor, "Made-up Card")
    computed_violations = [line for line in axe_violations(editor) if "computed" in line]
    assert computed_violations == []
    editor.goto("/devices/made-up-card/")
    expect(editor.get_by_role("heading", name="Made-up Card", exact=True)).to_be_visible(timeout=30_000)
    delete_made_up(editor)


def test_long_names_leave_room_for_the_other_columns(editor: Page) -> None:
    editor.goto("/admin/hardware_catalog/machine/?q=ryzen")
    cells = editor.locator("#result_list td.field-device").all()
    assert 0 < max(cell.evaluate("cell => cell.clientWidth") for cell in cells) < 300


def test_choose_a_device_by_autocomplete(editor: Page) -> None:
    editor.goto("/admin/hardware_catalog/machine/add/")
    editor.locator(".field-device .select2-selection").click()
    editor.locator(".select2-search__field").fill("rtx 3090")
    editor.get_by_role("option", name="NVIDIA GeForce RTX 3090", exact=True).click()
    expect(editor.locator(".field-device .select2-selection__rendered")).to_contain_text("RTX 3090")


def table(rows: list[dict[str, str]], path: Path) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def test_import_fifty_rows_of_which_three_are_bad(editor: Page, tmp_path: Path) -> None:
    rows = [
        {
            "slug": f"made-up-{number}",
            "name": f"Made-up {number}",
            "kind": "gpu",
            "vendor": "NVIDIA",
            "memory_gb_options": "16|24",
            "bandwidth_gb_per_s": str(500 + number),
            "bandwidth_is_upper_limit": "false",
            "unified_memory": "false",
            "sources": "https://example.org/made-up",
        }
        for number in range(1, 51)
    ]
    bad = [dict(row) for row in rows]
    bad[6]["kind"], bad[20]["bandwidth_gb_per_s"], bad[41]["vendor"] = "gppu", "5e9", "NVIDEA"
    editor.goto("/admin/hardware_catalog/device/import/")
    editor.get_by_label("File").set_input_files(table(bad, tmp_path / "bad.csv"))
    expect(editor.get_by_label("Format")).to_have_value("0")  # guessed from the name
    editor.get_by_role("button", name="Show what it changes").click()
    faults = editor.locator(".faults tbody tr")
    expect(faults).to_have_count(3)
    expect(faults.nth(0)).to_contain_text("must be one of: gpu, apple")
    expect(faults.nth(1)).to_contain_text("must be between 1 and 100,000 GB/s")
    expect(faults.nth(2)).to_contain_text("did you mean NVIDIA?")
    expect(editor.get_by_text("47 rows would change the catalog (47 new, 0 changed)")).to_be_visible()
    fits_a_phone(editor)
    editor.get_by_role("link", name="Upload the file again when it is mended").click()
    editor.get_by_label("File").set_input_files(table(rows, tmp_path / "good.csv"))
    editor.get_by_role("button", name="Show what it changes").click()
    editor.get_by_role("button", name="Import 50 rows").click()
    expect(editor.locator(".messagelist .success")).to_contain_text("50 new, 0 changed, 0 as they were")
    editor.goto("/admin/hardware_catalog/device/export/?q=made-up")
    editor.get_by_label("Format").select_option(label="csv")
    with editor.expect_download() as download:
        editor.get_by_role("button", name="Export").click()
    with open(download.value.path(), encoding="utf-8", newline="") as file:
        assert {row["slug"] for row in csv.DictReader(file)} == {row["slug"] for row in rows}
    delete_made_up(editor)


def test_revert_an_edit(editor: Page) -> None:
    find(editor, "NVIDIA T4")
    editor.get_by_label("Power (W)").fill("71")
    save(editor)
    expect(editor.locator(".messagelist")).to_contain_text("Later loads of the catalog keep this entry")
    find(editor, "NVIDIA T4")
    editor.get_by_role("link", name="History").click()
    expect(editor.locator("#change-history")).to_contain_text("power: 70 W → 71 W")
    fits_a_phone(editor)
    editor.get_by_role("link", name="to this state …").click()
    expect(editor.locator(".differences")).to_contain_text("71 W")
    editor.get_by_role("button", name="Go back to this state").click()
    expect(editor.locator(".messagelist .success")).to_contain_text("NVIDIA T4 is again as it was")
    expect(editor.get_by_label("Power (W)")).to_have_value("70")
    expect(editor.get_by_label("Kept here")).not_to_be_checked()


def test_accept_a_measurement(editor: Page, new_page: Callable[..., Page]) -> None:
    visitor = new_page()
    visitor.goto("/measurements/own/")
    visitor.get_by_label("Paste the output").fill(sample("llama-bench.json").decode())
    visitor.get_by_role("button", name="Preview").click()
    visitor.get_by_role("button", name="Save 2 measurements").click()
    visitor.get_by_role("button", name="Submit to the editors").click()
    editor.goto("/admin/contributions/contribution/")
    editor.get_by_role("link", name="Review", exact=True).first.click()
    expect(editor.get_by_role("columnheader", name="Outlier score")).to_be_visible()
    fits_a_phone(editor)
    editor.get_by_role("link", name="Outlier score").click()
    editor.get_by_label("Row 1", exact=True).check()
    editor.get_by_label("Reason").fill("A test of the review.")
    editor.get_by_role("button", name="Leave the chosen rows out").click()
    expect(editor.locator(".left-out")).to_contain_text("A test of the review.")
    editor.get_by_role("button", name="Accept the rows that are not left out").click()
    expect(editor.locator(".messagelist .success")).to_contain_text("1 measurement accepted")
    visitor.reload()
    expect(visitor.locator("main")).to_contain_text("Left out by the editor: A test of the review.")
    visitor.get_by_role("link", name="Accepted: its page").click()
    expect(visitor.locator("main")).to_contain_text("RTX 4080")
    editor.get_by_label("Reason").fill("The test is over.")
    editor.get_by_role("button", name="Take the file out again").click()
    expect(editor.locator(".messagelist .success")).to_contain_text("declined: The test is over.")
