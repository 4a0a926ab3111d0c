"""The form as people use it: by mouse, by keyboard alone, and in a browser without script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

CARD = "NVIDIA GeForce RTX 4060"
QUESTION = "/?machine=nvidia-geforce-rtx-4060&model=llama-3-1-8b"


def test_without_script_the_form_asks_and_the_page_answers(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Machine", exact=True).fill(CARD)
    page.get_by_label("Language model", exact=True).fill("Llama-3.1-8B")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator(".headline h2")).to_be_visible()
    assert page.url.endswith(f"{QUESTION}#answer")


@pytest.mark.allowed_console("422")
def test_without_script_an_ambiguous_name_is_asked_back(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Machine", exact=True).fill(CARD)
    page.get_by_label("Language model", exact=True).fill("deepseek-r1:8b")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_role("alert")).to_contain_text("can mean more than one")
    page.get_by_role("link", name="DeepSeek-R1-Distill-Llama-8B").click()
    expect(page.locator(".headline h2")).to_be_visible()
    expect(page.get_by_label("Language model", exact=True)).to_have_value("DeepSeek-R1-Distill-Llama-8B")


def test_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Machine", exact=True).focus()
    page.keyboard.type("rtx 4060")
    machine = page.get_by_role("combobox", name="Machine")
    expect(machine).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#machine-list [role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(machine).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    expect(machine).to_have_attribute("aria-activedescendant", "machine-option-1")
    expect(page.locator("#machine-option-1")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(machine).to_have_value(CARD)
    page.keyboard.press("Tab")
    page.keyboard.type("llama-3.1-8")
    expect(page.locator("#model-list")).to_contain_text("Llama-3.1-8B")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".headline h2")).to_be_visible()
    expect(page.get_by_role("combobox", name="Language model")).to_be_focused()
    assert page.url.endswith(QUESTION)


def test_the_list_says_how_many_names_there_are(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Machine", exact=True).press_sequentially("4090")
    expect(page.get_by_role("status")).to_contain_text("names to choose from")
    page.get_by_label("Machine", exact=True).fill("xyzzy plugh")
    expect(page.get_by_role("status")).to_contain_text("No such name")
    expect(page.locator("#machine-list")).to_be_hidden()


def test_a_name_is_chosen_with_the_mouse(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Machine", exact=True).press_sequentially("rtx 4060")
    page.get_by_role("option", name=CARD).first.click()
    expect(page.get_by_label("Machine", exact=True)).to_have_value(CARD)
    expect(page.locator("#machine-list")).to_be_hidden()


def test_changes_update_the_answer_in_place_and_the_address_follows(page: Page) -> None:
    page.goto(QUESTION)
    page.evaluate("window.samePage = true")
    page.get_by_label("Context", exact=True).fill("16k")
    page.keyboard.press("Tab")
    page.wait_for_url("**&context=16384")
    expect(page.locator(".recap")).to_contain_text("16,384 tokens of context")
    page.get_by_label("Precision", exact=True).select_option("q8-0")
    page.wait_for_url("**&format=q8-0&context=16384")
    expect(page.locator(".recap")).to_contain_text("Q8_0")
    assert page.evaluate("window.samePage") is True
    assert "Llama-3.1-8B" in page.title()


def test_back_forward_and_reload_keep_the_question(page: Page) -> None:
    page.goto(QUESTION)
    context = page.get_by_label("Context", exact=True)
    for typed in ("4k", "16k"):
        context.fill(typed)
        page.get_by_role("button", name="Work it out").click()
        page.wait_for_url(f"**&context={int(typed[:-1]) * 1024}")
    page.go_back()
    expect(context).to_have_value("4096")
    expect(page.locator(".recap")).to_contain_text("4,096 tokens")
    page.go_back()
    expect(context).to_have_value("8192")
    page.go_forward()
    expect(context).to_have_value("4096")
    page.reload()
    expect(context).to_have_value("4096")
    expect(page.locator(".recap")).to_contain_text("4,096 tokens")


def test_a_refusal_takes_the_focus_and_marks_the_field(page: Page) -> None:
    page.goto(QUESTION)
    context = page.get_by_label("Context", exact=True)
    context.fill("0")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#refusal")).to_be_focused()
    expect(context).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#context-note")).to_contain_text("more than 0 tokens")
    context.fill("4k")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator(".headline h2")).to_be_visible()
    expect(context).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#context-note")).to_be_empty()


def test_a_half_filled_form_is_left_in_peace(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Machine", exact=True).fill(CARD)
    with page.expect_response(lambda response: response.status == 204):
        page.keyboard.press("Tab")
    expect(page.locator("#refusal")).to_have_count(0)
    expect(page.locator(".examples")).to_be_visible()


def test_own_figures_are_answered(page: Page) -> None:
    page.goto("/")
    page.get_by_text("More: own figures").click()
    page.get_by_label("Memory of one").fill("24")
    page.get_by_label("Memory bandwidth").fill("672")
    page.get_by_label("Language model", exact=True).fill("Llama-3.1-8B")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator(".headline h2")).to_be_visible()
    assert "memory=24&bandwidth=672&model=llama-3-1-8b" in page.url


def test_explanations_open_by_pointer_by_focus_and_by_press(page: Page) -> None:
    page.goto(QUESTION)
    figures = page.locator(".how")
    shown = page.locator(".tip:popover-open")
    figures.first.hover()
    expect(shown).to_have_count(1)
    expect(shown).to_be_in_viewport()
    page.mouse.move(2, 2)
    expect(shown).to_have_count(0)
    figures.first.focus()
    page.keyboard.press("Tab")
    expect(shown).to_have_count(1)
    page.keyboard.press("Escape")
    expect(shown).to_have_count(0)


def test_explanations_open_without_script(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(QUESTION)
    page.locator(".how").first.click()
    expect(page.locator("#how-weights")).to_be_visible()


def test_quick_hands_meet_no_error(page: Page) -> None:
    """Requests that overtake each other wait in line: a broken-off one would be an error on the console."""
    page.goto("/")
    page.get_by_label("Machine", exact=True).press_sequentially("nvidia geforce rtx 4060", delay=60)
    page.get_by_label("Machine", exact=True).fill(CARD)
    page.get_by_label("Language model", exact=True).fill("Llama-3.1-8B")
    for typed in ("2k", "4k", "8k", "16k"):
        page.get_by_label("Context", exact=True).fill(typed)
        page.get_by_role("button", name="Work it out").click()
    expect(page.locator(".recap")).to_contain_text("16,384 tokens of context")
    page.wait_for_load_state("networkidle")
