"""A sweep's result in a browser: every view for everybody and every width, followed by hand and as one types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TIMEOUT_MS, Server

ASKED = (
    "/sweeps/new/?machine=pc-with-rtx-4090-24-gb-64-gb-memory,iphone-16-8-gb-memory,"
    "mac-studio-m3-ultra-80-core-gpu-512-gb&model=llama-3-1-8b,gpt-oss-20b,qwen3-32b"
    "&contexts=4k,+16k&fill=1&keep=all"
)
VIEWS = ("", "plans/", "heat-map/", "front/", "contexts/")
A_WORKER_STARTS_MS = 60_000


@pytest.fixture(scope="module")
def result(browser: Browser, server: Server) -> Iterator[str]:
    """The address of a finished sweep, which one visitor started and the server's worker computed."""
    context = browser.new_context(base_url=server.url)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(ASKED)
    page.get_by_role("button", name="Start the sweep").click()
    expect(page.locator(".state-line")).to_contain_text("Done", timeout=A_WORKER_STARTS_MS)
    yield page.url.removeprefix(server.url)
    context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_views_suit_everybody_and_every_width(
    page: Page, suits_everybody: Callable[[Page], None], result: str, view: str
) -> None:
    page.goto(result + view)
    suits_everybody(page)


def test_from_the_heat_map_to_a_plan_and_its_page(page: Page, result: str) -> None:
    page.goto(result)
    page.get_by_role("link", name="Heat map", exact=True).click()
    page.locator(".heat-cells a", has_text="RTX 4090").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("All plans")
    expect(page.locator("#found")).to_contain_text("Machine PC with RTX 4090")
    found = page.locator("table.plans-table tbody tr")
    speed = found.first.locator("td").nth(6).inner_text().split()[0]
    found.first.get_by_role("link").click()
    expect(page.locator("#answer")).to_contain_text(f"writes about {speed} tokens a second")


def test_the_heat_map_is_reached_by_keyboard_through_its_table(page: Page, result: str) -> None:
    page.goto(f"{result}heat-map/")
    page.locator("summary", has_text="The same as a table").press("Enter")
    page.get_by_role("region", name="The heat map as a table").get_by_role("link").first.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All plans")


def test_the_table_follows_what_is_typed_and_chosen(page: Page, result: str) -> None:
    page.goto(f"{result}plans/")
    page.evaluate("window.samePage = true")
    expect(page.locator("#found .tally")).to_contain_text("plans kept, 1 to 50 shown")
    page.get_by_label("Search").type("4090 gpt-oss")
    expect(page.locator("#found .tally")).to_contain_text("plans found")
    expect(page).to_have_url(re.compile(r"/plans/\?q=4090\+gpt-oss$"))
    for name in page.locator("table.plans-table tbody th").all_inner_texts():
        assert "RTX 4090" in name
        assert "gpt-oss" in name
    page.get_by_text("More choices").click()
    page.get_by_label("Bits per weight at least").fill("8,5 bits")
    expect(page.locator("#found")).to_contain_text("Write a number here")
    page.get_by_label("Bits per weight at least").fill("8.5")
    expect(page.locator("#found .refusal")).to_have_count(0)
    assert page.evaluate("window.samePage") is True
    assert all(
        float(bits) >= 8.5
        for bits in page.locator("table.plans-table tbody td:nth-child(3)").all_inner_texts()
    )


def test_the_table_pages_and_sorts_without_script(new_page: Callable[..., Page], result: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{result}plans/")
    page.get_by_label("Does it fit?").select_option("runs")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/plans/?verdict=runs")
    page.get_by_role("link", name="Writes, tokens/s").click()
    assert "sort=-decode" in page.url
    speeds = [
        float(t.split()[0]) for t in page.locator("table.plans-table tbody td:nth-child(8)").all_inner_texts()
    ]
    assert speeds == sorted(speeds, reverse=True)
    page.get_by_role("link", name="Next plans").click()
    expect(page.locator("#found .tally")).to_contain_text("51 to")
    page.get_by_role("link", name="Previous plans").click()
    expect(page.locator("#found .tally")).to_contain_text("1 to 50")


def test_what_the_table_finds_is_taken_along_as_a_file(page: Page, result: str) -> None:
    page.goto(f"{result}plans/?q=4090+gpt-oss")
    found = int(page.locator("#found .tally").inner_text().split()[0])
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + found
    assert all("RTX 4090" in line for line in lines[1:])


def test_another_model_is_drawn_in_place(page: Page, result: str) -> None:
    page.goto(f"{result}front/")
    page.get_by_label("Model").select_option("llama-3-1-8b")
    expect(page.locator("#found .tally")).to_contain_text("Llama-3.1-8B runs on 3 machines")
    expect(page.locator("svg.front .front-point").first).to_be_visible()
    expect(page).to_have_url(re.compile("model=llama-3-1-8b"))


def test_machines_are_taken_away_and_added_to_the_curves(page: Page, result: str) -> None:
    page.goto(f"{result}contexts/?model=llama-3-1-8b")
    curves = page.locator("svg.machine-curves .curve-line")
    expect(curves).to_have_count(3)
    page.get_by_role("link", name="take away iPhone 16 (8 GB memory)").click()
    expect(curves).to_have_count(2)
    page.get_by_label("Add a machine").type("iphone")
    page.locator(".candidates-to-add").get_by_role("link", name="iPhone 16").click()
    expect(curves).to_have_count(3)
    expect(page.get_by_label("Model")).to_have_value("llama-3-1-8b")


def test_on_a_phone_the_heat_map_scrolls_and_its_names_stay(
    new_page: Callable[..., Page], result: str
) -> None:
    page = new_page(viewport={"width": 320, "height": 844})
    page.goto(f"{result}heat-map/")
    frame, names = page.locator(".heat-frame"), page.locator(".heat-names")
    before = names.bounding_box()
    frame.evaluate("frame => frame.scrollLeft = 200")
    assert frame.evaluate("frame => frame.scrollLeft") > 0
    assert names.bounding_box() == before
