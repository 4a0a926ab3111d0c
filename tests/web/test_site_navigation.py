"""Every page leads to every room of the site, and says in which one it stands."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from planner.templatetags.site import ROOMS

pytestmark = pytest.mark.django_db


def navigation(client: Client, path: str) -> str:
    html = client.get(path).content.decode()
    found = re.search(r'<nav class="site" aria-label="Site">.*?</nav>', html, re.DOTALL)
    assert found, path
    return found.group()


@pytest.mark.parametrize(("name", "address"), ROOMS)
def test_every_room_exists_and_is_marked_when_one_stands_in_it(
    client: Client, name: str, address: str
) -> None:
    assert client.get(address).status_code == 200
    links = navigation(client, address)
    assert f'<a href="{address}" aria-current="page">{name}</a>' in links
    assert links.count("aria-current") == 1


def test_an_entrys_page_stands_in_its_room(client: Client) -> None:
    links = navigation(client, "/devices/nvidia-geforce-rtx-4090/")
    assert '<a href="/devices/" aria-current="true">Devices</a>' in links


def test_a_page_outside_all_rooms_marks_none(client: Client) -> None:
    assert "aria-current" not in navigation(client, "/no-such-page")


def test_an_answer_stands_in_the_planning_room(client: Client) -> None:
    links = navigation(client, "/?machine=nvidia-geforce-rtx-4090&model=llama-3-1-8b")
    assert '<a href="/" aria-current="page">Plan</a>' in links
