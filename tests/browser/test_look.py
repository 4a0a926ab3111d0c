"""Every page fits its window, speaks to everyone, and opens in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

CARD = "machine=nvidia-geforce-rtx-4060"
PAGES = {
    "question": "/",
    "answer": f"/?{CARD}&model=llama-3-1-8b",
    "does not fit": f"/?{CARD}&model=deepseek-r1",
    "own figures": "/?memory=24&bandwidth=672&model=llama-3-1-8b&users=4",
    "refusal": f"/?{CARD}&model=deepseek-r1:8b&context=0",
    "no such page": "/no-such-page",
}
REFUSED = pytest.mark.allowed_console("Failed to load resource")


@REFUSED
@pytest.mark.parametrize("name", PAGES)
def test_pages_suit_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None], name: str
) -> None:
    page.goto(PAGES[name])
    suits_everybody(page)


@pytest.mark.parametrize("name", ["question", "answer", "does not fit", "own figures"])
def test_pages_open_in_silence(page: Page, name: str) -> None:
    page.goto(PAGES[name])
    page.wait_for_load_state("networkidle")


def test_the_page_begins_with_a_way_past_its_head(page: Page) -> None:
    page.goto(PAGES["answer"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
