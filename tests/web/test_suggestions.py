"""While a name is typed, the catalog's nearest entries are offered."""

from __future__ import annotations

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def offered(client: Client, kind: str, typed: str) -> list[str]:
    response = client.get(f"/suggest/{kind}/", {kind: typed})
    assert response.status_code == 200
    html = response.content.decode()
    assert html.count('role="option"') == html.count("data-value=")
    return re.findall(r'data-value="([^"]+)"', html)


def test_a_card_is_offered_before_the_computers_that_hold_it(client: Client) -> None:
    assert offered(client, "machine", "4090")[0] == "NVIDIA GeForce RTX 4090"


@pytest.mark.parametrize(
    ("kind", "typed", "name"),
    [
        ("machine", "mac studio m3 ultra 512", "Mac Studio"),
        ("machine", "iphone 16", "iPhone 16"),
        ("machine", "macbook air m4", "MacBook Air"),
        ("model", "llama 3.1 8b", "Llama-3.1-8B"),
        ("model", "gpt-oss", "gpt-oss-20b"),
        ("model", "deepseek r1", "DeepSeek-R1"),
    ],
)
def test_names_are_found_by_their_words(client: Client, kind: str, typed: str, name: str) -> None:
    assert name in " ".join(offered(client, kind, typed)[:3])


@pytest.mark.parametrize("kind", ["machine", "model"])
def test_what_is_offered_is_understood(client: Client, kind: str) -> None:
    from planner.plans import suggest

    for typed in ("4090", "m4", "iphone", "server", "llama", "qwen3", "deepseek", "strix"):
        for name in offered(client, kind, typed):
            found = suggest.look_up(kind, name.replace("&amp;", "&"))
            assert found.entry is not None, name


@pytest.mark.parametrize("typed", ["", " ", "xyzzy plugh", "\x00", "%", "_", "'", "x" * 5000, "🙂"])
def test_anything_may_be_typed(client: Client, typed: str) -> None:
    assert len(offered(client, "machine", typed)) <= 8


def test_other_lists_do_not_exist(client: Client) -> None:
    assert client.get("/suggest/password/").status_code == 404
