"""A visitor's own measurements in a real browser: without JavaScript, with the keyboard, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.contributions.samples import DATA, sample

ADDRESS = "/measurements/own/"


def test_bringing_a_file_needs_no_javascript(new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(ADDRESS)
    page.get_by_label("Paste the output").fill(sample("llama-bench-dgx-spark.md").decode())
    page.get_by_role("button", name="Preview").click()
    assert page.get_by_text("Needed:").is_visible()
    page.get_by_label("Device").fill("NVIDIA H100")
    page.get_by_role("button", name="Read it again").click()
    page.get_by_label("It is").select_option("NVIDIA H100 SXM5 80 GB")
    page.get_by_role("button", name="Use these names").click()
    assert page.get_by_text("of the prediction").count() == 6
    page.get_by_role("button", name="Save 6 measurements").click()
    assert page.get_by_text("Saved. Only this browser can see it.").is_visible()
    page.get_by_role("button", name="Submit to the editors").click()
    assert page.get_by_text("waiting for an editor").is_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    assert page.get_by_text("Nothing yet.").is_visible()


@pytest.mark.parametrize("file", ["llama-bench.json", "vllm-serve-speculative.json", "llama-bench-2023.csv"])
def test_the_preview_fits_every_window_and_speaks_to_everyone(
    page: Page, suits_everybody: Callable[[Page], None], file: str
) -> None:
    page.goto(ADDRESS)
    page.set_input_files("#file", str(DATA / file))
    page.get_by_label("Device").fill("RTX 4090")
    page.get_by_role("button", name="Preview").click()
    suits_everybody(page)
