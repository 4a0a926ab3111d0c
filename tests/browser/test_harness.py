"""The browser tests' own tools work: they notice an inaccessible page, and let no inline script run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page


def test_axe_notices_an_inaccessible_page(page: Page, axe_violations: Callable[..., list[str]]) -> None:
    page.set_content("<!doctype html><title>t</title><main><h1>h</h1><img src='data:,'></main>")
    assert any(line.startswith(("html-has-lang", "image-alt")) for line in axe_violations(page))


@pytest.mark.allowed_console("Content Security Policy")
def test_inline_code_without_the_nonce_does_not_run(page: Page) -> None:
    page.goto("/admin/login/")
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'ran'";
            document.head.append(script);
        }"""
    )
    assert page.title() != "ran"


def test_the_admin_opens_in_silence(page: Page) -> None:
    response = page.goto("/admin/login/")
    assert response is not None
    assert response.status == 200
    assert page.get_by_label("Username").is_visible()
