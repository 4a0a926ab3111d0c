"""The accuracy page in a real browser: for everyone, at every width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

PAGES = ("/accuracy/", "/accuracy/?metric=prefill&platform=NVIDIA gpu, CUDA", "/accuracy/?metric=ttft")


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    unfolded: Callable[[str], Page], axe_violations: Callable[..., list[str]], address: str
) -> None:
    page = unfolded(address)
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in ("light", "dark") if width != 320 else ():
            page.emulate_media(color_scheme=scheme)
            assert axe_violations(page) == [], (width, scheme)


def test_tabs_and_platforms_work_without_a_script(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/accuracy/")
    page.get_by_role("navigation", name="Quantity").get_by_role("link", name="Reading a prompt").click()
    assert page.locator(".tabs [aria-current]").inner_text().startswith("Reading a prompt")
    page.get_by_role("link", name="Apple chip, Metal", exact=True).first.click()
    assert page.url.endswith("#points")
    assert "Apple chip, Metal" in page.locator("#points ~ .lead-in").inner_text()
