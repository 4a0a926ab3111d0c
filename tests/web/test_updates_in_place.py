"""With htmx only the answer is sent, the address follows the question, and a half-filled form is left in peace."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from planner.plans.questions import Question

pytestmark = pytest.mark.django_db
ADDRESS = "/?machine=nvidia-geforce-rtx-4060&model=llama-3-1-8b"
HTMX = {"HX-Request": "true", "HX-Target": "answer", "HX-Trigger": "question"}
LIVE = HTMX | {"HX-Trigger": "live"}


@pytest.fixture(autouse=True)
def _answered(answered_with: Callable[..., list[Question]]) -> None:
    answered_with()


def test_only_the_answer_is_sent(client: Client) -> None:
    response = client.get(f"{ADDRESS}&format=auto&kv=f16", headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in html
    assert "<form" not in html
    assert "<title>" in html
    assert 'class="answer"' in html
    assert response["HX-Push-Url"] == ADDRESS
    assert "HX-Request" in response["Vary"]


def test_the_same_question_again_is_no_new_step_back(client: Client) -> None:
    headers = HTMX | {"HX-Current-URL": f"http://testserver{ADDRESS}#answer"}
    assert client.get(ADDRESS, headers=headers)["HX-Push-Url"] == "false"


def test_a_refusal_is_a_fragment_beside_the_fields(client: Client) -> None:
    response = client.get(f"{ADDRESS}&context=0", headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 200  # a browser would print any other status of a fragment as an error
    assert response["HX-Push-Url"] == "false"
    assert 'id="refusal"' in html
    assert 'id="context-note" class="note-of-field" hx-swap-oob="true"' in html
    assert "must be more than 0 tokens" in html


def test_found_names_are_told_to_the_fields(client: Client) -> None:
    html = client.get("/?machine=RTX+4060&model=llama-3-1-8b", headers=HTMX).content.decode()
    assert 'data-field="machine" data-shown="NVIDIA GeForce RTX 4060"' in html


def test_a_form_still_being_filled_in_is_left_in_peace(client: Client) -> None:
    assert client.get("/?machine=nvidia-geforce-rtx-4060&model=", headers=LIVE).status_code == 204
    assert client.get("/?machine=nvidia-geforce-rtx-4060&model=", headers=HTMX).status_code == 200
    assert client.get("/?machine=nvidia-geforce-rtx-4060&model=&context=0", headers=LIVE).status_code == 200


def test_a_step_back_that_the_browser_forgot_gets_the_whole_page(client: Client) -> None:
    response = client.get(ADDRESS, headers=HTMX | {"HX-History-Restore-Request": "true"})
    assert "<html" in response.content.decode()
