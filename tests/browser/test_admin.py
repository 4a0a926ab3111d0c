"""The stock admin under the strict content policy: it works, and the console stays silent."""

from __future__ import annotations

import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.conftest import ROOT


@pytest.fixture
def editor(page: Page, server: Server) -> Page:
    """A signed-in editor, made with createsuperuser."""
    made = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "createsuperuser",
            "--noinput",
            "--username=editor",
            "--email=e@example.org",
        ],
        cwd=ROOT,
        env=server.environment | {"DJANGO_SUPERUSER_PASSWORD": "a long password"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0 or "already taken" in made.stderr, made.stderr
    page.goto("/admin/")
    page.get_by_label("Username").fill("editor")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()
    return page


def test_find_a_device_and_read_its_form(editor: Page) -> None:
    editor.goto("/admin/hardware_catalog/device/")
    editor.locator("#searchbar").fill("4090")
    editor.get_by_role("button", name="Search").click()
    editor.get_by_role("link", name="NVIDIA GeForce RTX 4090", exact=True).click()
    expect(editor.get_by_label("Memory bandwidth (GB/s)")).to_have_value("1008")


def test_choose_a_device_by_autocomplete(editor: Page) -> None:
    editor.goto("/admin/hardware_catalog/machine/add/")
    editor.locator(".field-device .select2-selection").click()
    editor.locator(".select2-search__field").fill("rtx 3090")
    editor.get_by_role("option", name="NVIDIA GeForce RTX 3090", exact=True).click()
    expect(editor.locator(".field-device .select2-selection__rendered")).to_contain_text("RTX 3090")
