"""The pages for what goes wrong stand on their own and say what to do."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client


@pytest.mark.django_db
def test_an_address_that_does_not_exist(client: Client) -> None:
    response = client.get("/no-such-page")
    assert response.status_code == 404
    assert "There is no page here" in response.content.decode()


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_pages_for_faults_need_no_request_and_no_database(name: str) -> None:
    html = render_to_string(name)
    assert 'href="/"' in html
    assert "<script" not in html
    assert "site.css" in html
