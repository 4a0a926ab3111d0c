"""The accuracy page in a real browser: for everyone, at every width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

PAGES = ("/accuracy/", "/accuracy/?metric=prefill&platform=NVIDIA gpu, CUDA", "/accuracy/?metric=ttft")


@pytest.mark.parametrize("address", PAGES)
def test_pages_suit_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None], address: str
) -> None:
    page.goto(address)
    suits_everybody(page)


def test_tabs_and_platforms_work_without_a_script(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/accuracy/")
    page.get_by_role("navigation", name="Quantity").get_by_role("link", name="Reading a prompt").click()
    assert page.locator(".tabs [aria-current]").inner_text().startswith("Reading a prompt")
    page.get_by_role("link", name="Apple chip, Metal", exact=True).first.click()
    assert page.url.endswith("#points")
    assert "Apple chip, Metal" in page.locator("#points ~ .lead-in").inner_text()
