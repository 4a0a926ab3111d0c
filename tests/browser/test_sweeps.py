"""Sweeps as people ask for them: by keyboard or without script, counted meanwhile, watched until they are done."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

NEW = "/sweeps/new/"
QUESTION = f"{NEW}?device=nvidia-geforce-rtx-4090&model=llama-3-1-8b"
PAGES = {
    "list": "/sweeps/",
    "blank": NEW,
    "counted": f"{NEW}?machines=all&models=where&models-size_least=65&formats=list&format=q4-k-m",
    "refused": f"{NEW}?machine=nope&devices=where&devices-memory=lots&contexts=8,192&find-models=deepseek-r1:8b",
}
REFUSED = pytest.mark.allowed_console("Failed to load resource")
A_WORKER_STARTS_MS = 60_000


@REFUSED
@pytest.mark.parametrize("name", PAGES)
def test_pages_suit_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None], name: str
) -> None:
    page.goto(PAGES[name])
    suits_everybody(page)


def test_a_sweep_is_defined_with_the_keyboard_alone(page: Page) -> None:
    page.goto(NEW)
    page.get_by_label("Name of a device").focus()
    page.keyboard.type("rtx 4090")
    expect(page.locator("#find-devices-list [role=option]").first).to_contain_text("4090")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Remove .*4090"))).to_be_visible()
    expect(page.get_by_role("combobox", name="Name of a device")).to_be_focused()
    expect(page.get_by_role("combobox", name="Name of a device")).to_have_value("")
    page.get_by_label("Name of a language model").focus()
    page.keyboard.type("Llama-3.1-8B")
    page.keyboard.press("Enter")  # a name in full needs no list
    expect(page.locator("#summary")).to_contain_text("plans")
    expect(page.get_by_role("status")).to_contain_text("plans, ")
    page.get_by_role("button", name="Remove Llama-3.1-8B").press("Enter")
    expect(page.locator("#summary")).to_contain_text("Choose at least one language model.")
    expect(page.get_by_role("combobox", name="Name of a language model")).to_be_focused()


def test_the_count_follows_what_is_typed_and_the_address_can_be_shared(page: Page) -> None:
    page.goto(QUESTION)
    page.evaluate("window.samePage = true")
    plans = page.locator("#summary .big")
    before = plans.inner_text()
    page.get_by_label("Contexts").fill("4k, 8k, 16k")
    expect(plans).not_to_have_text(before)
    expect(page).to_have_url(f"{QUESTION}&contexts=4k,+8k,+16k")
    page.get_by_label("Contexts").fill("4k, lots")
    expect(page.locator("#contexts-note")).to_contain_text("“lots”: Write a number here")
    expect(page.get_by_label("Contexts")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Contexts").fill("4k")
    expect(page.get_by_label("Contexts")).not_to_have_attribute("aria-invalid", "true")
    page.locator("#axis-models").get_by_role("radio", name="By filter").check()
    expect(page.locator("#summary")).to_contain_text("Set a filter of the language models")
    page.get_by_label("Parameters at least").fill("100")
    expect(page.locator("#models-tally")).to_have_text(re.compile(r"^[1-9]\d* of \d+ language models$"))
    expect(page).to_have_url(re.compile("models-size_least=100"))
    assert page.evaluate("window.samePage") is True
    page.reload()
    expect(page.get_by_label("Parameters at least")).to_have_value("100")
    expect(page.get_by_label("Contexts")).to_have_value("4k")


def test_a_name_of_several_entries_is_chosen_and_typing_goes_on_meanwhile(page: Page) -> None:
    page.goto(QUESTION)
    models = page.get_by_label("Name of a language model")
    models.fill("deepseek-r1:8b")
    page.get_by_role("button", name="Add to language models").click()
    page.get_by_label("Users at once").fill("1, 8")  # a count under way leaves the candidates alone
    expect(page).to_have_url(re.compile("users=1,"))
    page.get_by_role("button", name="Take DeepSeek-R1-Distill-Llama-8B").click()
    expect(page.get_by_role("button", name="Remove DeepSeek-R1-Distill-Llama-8B")).to_be_visible()
    expect(models).to_have_value("")
    expect(page.get_by_label("Users at once")).to_have_value("1, 8")
    page.wait_for_load_state("networkidle")


def test_a_sweep_is_watched_until_it_is_done_then_named_repeated_and_deleted(
    page: Page, axe_violations: Callable[..., list[str]]
) -> None:
    page.goto(f"{QUESTION}&machines=where&machines-kind=mac")
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.locator(".state-line")).to_contain_text("Done", timeout=A_WORKER_STARTS_MS)
    expect(page.get_by_role("status")).to_have_text("The sweep is done.")
    expect(page.locator("#results")).to_contain_text("What is possible")
    expect(page.locator("#stop")).to_have_count(0)
    assert axe_violations(page) == []
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("New name").fill("Macs and a card")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Macs and a card")
    page.get_by_role("link", name="Repeat with a change").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Macs and a card")
    page.goto("/sweeps/")
    page.get_by_role("link", name="Macs and a card").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page).to_have_url("/sweeps/")
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_a_large_sweep_is_stopped_and_goes_on(page: Page, axe_violations: Callable[..., list[str]]) -> None:
    page.goto(
        f"{NEW}?machines=all&devices=all&models=all&formats=all&users=1,8&contexts=4k,+8k,+16k&keep=best"
    )
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.locator(".state-line")).to_contain_text("Running", timeout=A_WORKER_STARTS_MS)
    expect(page.get_by_role("progressbar", name="Plans worked out")).to_be_visible()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".state-line")).to_contain_text("Stopped")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".state-line")).to_contain_text(re.compile("Waiting|Running"))
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sweeps")


def test_without_script_a_sweep_is_defined_and_started(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(NEW)
    page.get_by_label("Name of a device").fill("4090")
    page.get_by_role("button", name="Add to devices").click()
    page.get_by_label("Name of a language model").fill("Llama-3.1-8B")
    page.get_by_role("button", name="Add to language models").click()
    page.get_by_label("Name of a language model").fill("gpt-oss-20b")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("model=llama-3-1-8b,gpt-oss-20b#axis-models$"))
    page.get_by_role("button", name="Remove gpt-oss-20b").click()
    page.get_by_label("Users at once").fill("1, 4")
    page.get_by_role("button", name="Count again").click()
    expect(page.locator("#summary")).to_contain_text("plans")
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Llama-3.1-8B on NVIDIA GeForce RTX 4090")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    # a worker that is computing for it lets go first
    expect(page.locator("#mine")).to_contain_text(re.compile("None yet.|Being deleted"))
