"""The catalog's lists follow what is typed, and its pages look and sound right in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

PAGES = {
    "devices": "/devices/",
    "machines": "/machines/?q=mac&memory=64&sort=-bandwidth",
    "models": "/models/",
    "nothing found": "/models/?q=no-such-model-at-all",
    "refused": "/devices/?memory=lots",
    "device": "/devices/apple-m4-max-40-core-gpu/",
    "long name": "/machines/workstation-with-rtx-pro-6000-blackwell-workstation-edition-96-gb-64-gb-memory/",
    "model": "/models/llama-3-1-8b/",
    "formats": "/formats/",
    "runtimes": "/runtimes/",
}
REFUSED = pytest.mark.allowed_console("Failed to load resource")


@REFUSED
@pytest.mark.parametrize("name", PAGES)
def test_pages_suit_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None], name: str
) -> None:
    page.goto(PAGES[name])
    suits_everybody(page)


def test_the_list_follows_what_is_typed_and_the_address_can_be_shared(page: Page) -> None:
    page.goto("/devices/?kind=gpu")
    page.get_by_label("Search").press_sequentially("rtx 4090", delay=20)
    expect(page.get_by_role("link", name="NVIDIA GeForce RTX 4090", exact=True)).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("#tally")).to_have_text("3 of 625 devices")
    expect(page).to_have_url("/devices/?q=rtx+4090&kind=gpu")
    page.get_by_label("Maker").select_option("AMD")
    expect(page.locator("#found")).to_contain_text("No device is like that")
    page.reload()
    expect(page.get_by_label("Maker")).to_have_value("AMD")


def test_a_wrong_filter_is_told_and_put_right_in_place(page: Page) -> None:
    page.goto("/devices/")
    page.get_by_label("Memory at least").fill("lots")
    expect(page.locator("#found")).to_contain_text("Write a number here, such as 24.")
    page.get_by_label("Memory at least").fill("300")
    expect(page.locator("#found table")).to_be_visible()
    expect(page.locator("tbody tr").first).to_be_visible()


def test_a_heading_sorts_by_keyboard_and_keeps_the_filters(page: Page) -> None:
    page.goto("/devices/?vendor=NVIDIA")
    page.get_by_role("link", name="Bandwidth", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("[aria-sort=descending]")).to_have_text("Bandwidth")
    expect(page).to_have_url("/devices/?vendor=NVIDIA&sort=-bandwidth#tally")


def test_a_model_is_asked_for_from_a_devices_page(page: Page) -> None:
    page.goto("/devices/nvidia-geforce-rtx-4090/")
    page.get_by_role("combobox", name="Another model").press_sequentially("mixtral 8x7")
    page.get_by_role("option", name="Mixtral-8x7B").click()
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    expect(page).to_have_title("Mixtral-8x7B on NVIDIA GeForce RTX 4090: fits · Sizewise")


def test_without_script_the_button_shows_the_list(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/models/")
    page.get_by_label("Publisher").select_option("OpenAI")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("#tally")).to_have_text("2 of 220 language models")
