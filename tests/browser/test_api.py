"""The pages of the REST API in a real browser: under the strict policy, and a plan is asked from the description."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

SLOWLY_MS = 40_000


def test_an_operation_is_tried_out_on_the_page(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("link", name="REST API")).to_have_attribute("href", "/api/v1/docs/")
    page.set_default_timeout(SLOWLY_MS)  # the description is large, and drawn by a large script
    page.emulate_media(color_scheme="dark")
    page.goto("/api/v1/docs/")
    expect(page.locator("html")).to_have_class("dark-mode")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).not_to_have_class("dark-mode")
    operation = page.locator("#operations-plans-plan_create")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer).to_contain_text("nvidia-geforce-rtx-4090", timeout=SLOWLY_MS)
    expect(answer).to_contain_text("201")


def test_a_kept_plan_has_a_page_that_reads_well(page: Page, suits_everybody: Callable[[Page], None]) -> None:
    page.goto("/")
    question = {"device": "RTX 4090", "model": "Llama 3.1 8B"}
    plan = page.request.post("/api/v1/plans/", data=question).json()
    page.goto(plan["html_url"])
    expect(page.get_by_role("heading", name="A kept answer")).to_be_visible()
    suits_everybody(page)


def test_the_problems_are_explained(page: Page, suits_everybody: Callable[[Page], None]) -> None:
    page.goto("/api/v1/problems/#bad-field")
    expect(page.locator("#bad-field")).to_be_in_viewport()
    suits_everybody(page)
