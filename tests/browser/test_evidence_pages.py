"""The methodology, and the measurements beside an answer, in a real browser: narrow and wide, light and dark."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

METHODOLOGY = "/methodology/?machine=nvidia-geforce-rtx-4090&model=qwen3-30b-a3b&format=q4-k-m"
ANSWER = "/?machine=nvidia-geforce-rtx-4090&model=llama-3-1-8b&format=q4-k-m"


def test_the_methodology_suits_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None]
) -> None:
    page.goto(METHODOLOGY)
    suits_everybody(page)


def test_the_contents_lead_to_every_section_without_javascript(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(METHODOLOGY)
    links = page.get_by_role("navigation", name="On this page").get_by_role("link")
    assert links.count() == page.locator(".methodology-body > section").count() >= 13
    links.filter(has_text="The calibration").click()
    expect(page.get_by_role("heading", name="The calibration")).to_be_in_viewport()


def test_another_plan_is_worked_through_from_the_form(page: Page) -> None:
    page.goto("/methodology/")
    page.get_by_label("Machine", exact=True).fill("RTX 3090")
    page.get_by_label("Language model", exact=True).fill("gpt-oss 20b")
    page.get_by_role("button", name="Work this one through").click()
    expect(page.locator(".recap")).to_contain_text("NVIDIA GeForce RTX 3090")
    expect(page.locator("#decode")).to_contain_text("936 GB/s")


def test_a_measurement_near_the_answer_leads_to_its_page(page: Page) -> None:
    page.goto(ANSWER)
    near = page.get_by_role("table", name="Published measurements nearest to")
    expect(near.get_by_role("row")).to_have_count(6)
    near.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("RTX 4090")
