"""What the tests of the pages share: posting a file as a browser does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.contributions.samples import sample

Post = Callable[..., HttpResponse]


@pytest.fixture
def bring(client: Client, db: None) -> Post:
    """Post the form: ``bring("file.json", action="save", device="RTX 4090")``, or text with ``text=``."""

    def post(name: str = "", /, **fields: object) -> HttpResponse:
        data: dict[str, object] = {"action": "preview", "device_count": "1"} | fields
        if name:
            data["text"] = sample(name).decode()
        response: HttpResponse = client.post(reverse("contributions:index"), data)
        return response

    return post


def body(response: HttpResponse) -> str:
    """The page's text."""
    return response.content.decode()
