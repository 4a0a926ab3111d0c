"""What the API's tests share: a client without limits, and a short way to ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from planner.api.models import ApiToken

Post = Callable[..., HttpResponse]
ROOT = "/api/v1/"


@pytest.fixture(autouse=True)
def _no_limits(settings: Settings) -> None:
    """The tests of limits set their own."""
    settings.API_READS_PER_MINUTE = settings.API_PLANS_PER_MINUTE = settings.API_ROWS_PER_MINUTE = 0


@pytest.fixture
def post(client: Client) -> Post:
    """Send a JSON value, or a text as it is."""

    def send(path: str, body: Any, media_type: str = "application/json", **headers: str) -> HttpResponse:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return client.post(ROOT + path, text, content_type=media_type, headers=headers)

    return send


@pytest.fixture
def get(client: Client) -> Callable[..., Any]:
    """The JSON of an address under the API, which answers 200."""

    def read(path: str) -> Any:
        response = client.get(ROOT + path)
        assert response.status_code == 200, response.content
        return response.json()

    return read


@pytest.fixture
def secret(db: None) -> str:
    """A token of an ordinary user."""
    token = ApiToken(user=User.objects.create_user("ada"), name="tests")
    made = token.make_secret()
    token.save()
    return made
