"""Wrong and impossible input shows the form again: all input kept, the reason beside its field, never a 500."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.plans import views
from planner.plans.answer import Answer
from planner.plans.querystring import PARAMETERS
from planner.plans.questions import Question

pytestmark = pytest.mark.django_db
GOOD = {"machine": "nvidia-geforce-rtx-4060", "model": "llama-3-1-8b"}
HUGE = "9" * 300


def ask(client: Client, **parameters: Any) -> HttpResponse:
    return client.get("/", GOOD | parameters)


def note_of(response: HttpResponse, field: str) -> str:
    """The text beside a field."""
    html = response.content.decode()
    found = re.search(rf'<div id="{field}-note"[^>]*>(.*?)</div>', html, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found.group(1))).strip()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("machine", "xyzzy plugh", "No machine is called “xyzzy plugh”"),
        ("machine", "a\x00b", "holds a character that no name has"),
        ("machine", HUGE, "No machine is called"),
        ("machine", "x" * 3000, "too long"),
        ("model", "xyzzy plugh", "No language model is called “xyzzy plugh”"),
        ("model", "", "Say which language model"),
        ("format", "q99", "No format is called “q99”"),
        ("runtime", "x\x00", "holds a character"),
        ("kv", "xyzzy", "No KV cache format is called “xyzzy”"),
        ("memory", "0", "must be more than 0 GB"),
        ("memory", "-8", "must be more than 0 GB"),
        ("memory", HUGE, "at most 1,000,000 GB"),
        ("memory", "a lot", "Write a number here"),
        ("count", "0", "must be more than 0"),
        ("count", "1.5", "Write a whole number"),
        ("host", "-1", "at least 0 GB"),
        ("used", "nan", "Write a number here"),
        ("context", "0", "must be more than 0 tokens"),
        ("context", "8\x00", "Write a number here"),
        ("context", HUGE, "at most 100,000,000 tokens"),
        ("users", "inf", "Write a number here"),
        ("bandwidth", "100", "A machine is chosen above"),
    ],
)
def test_the_reason_stands_beside_the_field(client: Client, field: str, value: str, reason: str) -> None:
    response = ask(client, **{field: value})
    html = response.content.decode()
    assert response.status_code == 422
    assert reason in note_of(response, field)
    tag = re.search(rf'<(?:input|select)[^>]* id="{field}"[^>]*>', html)
    assert tag is not None
    assert 'aria-invalid="true"' in tag.group()
    assert f"{field}-note" in tag.group()
    assert f'href="#{field}"' in html  # the summary leads to the field
    assert "\x00" not in html


def test_all_input_is_kept(client: Client) -> None:
    kept = {"context": "0", "used": "1.5", "format": "q99", "users": "7", "host": HUGE, "kv": "q8_0"}
    html = ask(client, **kept).content.decode()
    for value in kept.values():
        assert f'value="{value}"' in html
    assert 'value="NVIDIA GeForce RTX 4060"' in html
    assert "<details" in html
    assert re.search(r'<details class="more" open>', html)


def test_html_in_the_input_is_shown_not_obeyed(client: Client) -> None:
    html = ask(client, machine='"><script>alert(1)</script>', **{"<b>": "1"}).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
    assert "<b>" not in html


def test_an_unknown_parameter_is_named_and_can_be_left_out(client: Client) -> None:
    response = ask(client, contxt="4096", context="4096")
    html = response.content.decode()
    assert response.status_code == 422
    assert "“contxt”, which is no part of a question. Did you mean “context”?" in html
    assert 'href="/?machine=nvidia-geforce-rtx-4060&amp;model=llama-3-1-8b&amp;context=4096"' in html


def test_a_parameter_said_twice_is_asked_back(client: Client) -> None:
    response = client.get("/?" + urlencode([*GOOD.items(), ("context", "4096"), ("context", "8192")]))
    assert response.status_code == 422
    assert "more than once" in note_of(response, "context")


def test_a_close_name_offers_the_candidates(client: Client) -> None:
    response = ask(client, machine="gefroce rtx 4090")
    assert response.status_code == 422
    assert "Did you mean" in note_of(response, "machine")
    link = 'href="/?machine=nvidia-geforce-rtx-4090&amp;model=llama-3-1-8b"'
    assert link in response.content.decode()


def test_an_ambiguous_name_is_asked_back(client: Client) -> None:
    response = ask(client, model="deepseek-r1:8b")
    note = note_of(response, "model")
    assert response.status_code == 422
    assert "can mean more than one language model" in note
    assert "DeepSeek-R1-Distill-Llama-8B" in note


def test_the_count_that_an_ambiguous_name_carries_is_kept(client: Client) -> None:
    html = ask(client, machine="8x H100 80GB").content.decode()
    assert 'href="/?machine=nvidia-h100-sxm5-80-gb&amp;count=8&amp;model=llama-3-1-8b"' in html


def test_own_figures_need_the_memory(client: Client) -> None:
    response = client.get("/", {"model": "llama-3-1-8b", "bandwidth": "300"})
    assert response.status_code == 422
    assert "need the memory" in note_of(response, "memory")


def test_what_the_service_refuses_stands_beside_its_field(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(question: Question) -> Answer:
        raise views.services.PlanError("context_tokens", "This model reads at most 131,072 tokens.")

    monkeypatch.setattr(views.services, "answer", refuse)
    response = ask(client, context="131073")
    assert response.status_code == 422
    assert note_of(response, "context") == "This model reads at most 131,072 tokens."


def test_a_refusal_without_a_field_of_the_form_is_told_all_the_same(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(question: Question) -> Answer:
        raise views.services.PlanError("weather", "It is too hot.")

    monkeypatch.setattr(views.services, "answer", refuse)
    assert "It is too hot." in ask(client).content.decode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*PARAMETERS, "x"]), st.text(max_size=40), max_size=6))
def test_no_input_breaks_the_page(
    client: Client, answered_with: Callable[..., list[Question]], parameters: dict[str, str]
) -> None:
    answered_with()
    assert client.get("/", parameters).status_code in (200, 302, 422)
