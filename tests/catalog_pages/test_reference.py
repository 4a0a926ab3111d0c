"""Lists of weight formats and of programs: all of them, with what runs what, and by which source."""

from __future__ import annotations

import html as html_module
import re

import pytest
from django.test import Client

from hardware_catalog.models import Runtime, RuntimeSupport, WeightFormat

pytestmark = pytest.mark.django_db


def page_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return html_module.unescape(response.content.decode())


def test_every_format_stands_under_its_own_anchor(client: Client) -> None:
    html = page_of(client, "/formats/")
    for slug in WeightFormat.objects.values_list("slug", flat=True):
        assert html.count(f'<tr id="{slug}">') == 1
    row = re.search(r'<tr id="q8-0">.*?</tr>', html, re.DOTALL)
    assert row
    assert "8.50" in row.group()  # 34 bytes for 32 weights
    assert '<a href="/runtimes/#llama-cpp">llama.cpp</a>' in row.group()
    assert "/runtimes/#tensorrt-llm" not in row.group()


def test_every_program_shows_its_rules_with_their_sources(client: Client) -> None:
    html = page_of(client, "/runtimes/")
    for slug in Runtime.objects.values_list("slug", flat=True):
        assert f'<h2 id="{slug}">' in html
    for rule in RuntimeSupport.objects.select_related("source"):
        assert rule.source.url in html
    section = html[html.index('<h2 id="mlx-lm">') :]
    section = section[: section.index("</section>")]
    assert "Metal" in section
    assert "Apple" in section
    assert "all MLX" in section


def test_identifiers_are_unique(client: Client) -> None:
    for path in ("/formats/", "/runtimes/"):
        found = re.findall(r'\sid="([^"]+)"', page_of(client, path))
        assert len(found) == len(set(found)), path
