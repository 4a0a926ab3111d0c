"""The measurements in a browser: filtering as one types, without script, on a phone, for everybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

PAGES = ("/measurements/", "/measurements/apple-axengine-002/", "/measurements/outcomes/")


def test_the_list_follows_what_is_typed_and_chosen(page: Page) -> None:
    page.goto("/measurements/")
    expect(page.get_by_role("status")).to_contain_text("18,166 measurements")
    page.get_by_label("Device", exact=True).type("4090")
    expect(page.get_by_role("status")).to_contain_text("measurements found")
    page.get_by_label("What was measured").select_option("ttft_ms")
    page.wait_for_url("**/measurements/?device=4090&metric=ttft_ms")
    for name in page.locator("table.measured tbody th a").all_inner_texts():
        assert "4090" in name
    page.get_by_label("Device", exact=True).fill("nothing like it")
    expect(page.locator("#found")).to_contain_text("No measurement is like that")


def test_the_list_works_without_script(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/measurements/")
    page.get_by_label("Model", exact=True).fill("gpt-oss-20b")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/measurements/?model=gpt-oss-20b")
    page.get_by_role("link", name="Measured", exact=True).click()
    assert "sort=-value" in page.url
    page.locator("table.measured tbody th a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("gpt-oss-20b on ")


@pytest.mark.parametrize("path", PAGES)
def test_pages_suit_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None], path: str
) -> None:
    page.goto(path)
    suits_everybody(page)
