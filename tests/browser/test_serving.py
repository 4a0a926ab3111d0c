"""The sizing of a service in a browser: for everybody, at every width, as one types."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

ASKED = "/serve/?model=llama-3-1-8b&people=64"


@pytest.mark.parametrize("address", ["/serve/", ASKED, "/serve/?model=llama-3-1-8b&count=3"])
@pytest.mark.allowed_console("422")
def test_it_suits_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None], address: str
) -> None:
    page.goto(address)
    suits_everybody(page)


def test_the_answer_follows_what_is_typed(page: Page) -> None:
    page.goto(ASKED)
    page.evaluate("window.samePage = true")
    sentence = page.locator(".serving-sentence")
    expect(sentence).to_contain_text("64 people at once")
    page.get_by_role("textbox", name="People at once").fill("8")
    page.get_by_role("textbox", name="Prompt length").focus()
    expect(sentence).to_contain_text("8 people at once")
    expect(page).to_have_url(re.compile(r"/serve/\?model=llama-3-1-8b&people=8$"))
    page.get_by_role("textbox", name="Each further token within").fill("fast")
    page.get_by_role("textbox", name="Prompt length").focus()
    expect(page.locator("#refusal")).to_contain_text("Write a number here")
    expect(page.locator("#tpot")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("textbox", name="Each further token within").fill("20")
    page.get_by_role("button", name="Find machines").click()
    expect(page.locator("#refusal")).to_have_count(0)
    assert page.evaluate("window.samePage") is True


def test_a_row_leads_to_the_plan_of_one_instance(page: Page) -> None:
    page.goto("/serve/?model=llama-3-1-8b&machine=nvidia-geforce-rtx-4090")
    page.get_by_role("region", name="Set-ups by launch price").get_by_role("link").first.click()
    expect(page.locator("#answer")).to_contain_text("RTX 4090")


def test_it_works_without_script(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/serve/")
    page.locator("#model").fill("llama 3.1 8b")
    page.get_by_role("button", name="Find machines").click()
    expect(page.locator(".serving-sentence")).to_contain_text("16 people at once")
    expect(page).to_have_url(re.compile(r"/serve/\?model=llama-3-1-8b(#answer)?$"))
