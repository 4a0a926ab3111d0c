"""The page of an answer says everything that the answer holds, whatever its shape."""

from __future__ import annotations

import html as html_module
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client

from planner.engine.verdict import WORDS
from planner.plans.examples import EXAMPLES
from planner.plans.questions import Question
from tests.web.sample_answer import DOES_NOT_FIT, FITS, PHONE, SAMPLES, SPEED_UNKNOWN

pytestmark = pytest.mark.django_db
ADDRESS = "/?machine=nvidia-geforce-rtx-4060&model=llama-3-1-8b"


def text_of(html: str) -> str:
    """The words that stand on the page, without the form and what only opens on demand."""
    answer = html[html.index('id="answer"') :]
    answer = re.sub(r'<span class="(tip|unseen)".*?</span>', " ", answer)
    plain = html_module.unescape(re.sub(r"<[^>]+>", " ", answer)).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", plain)


@pytest.fixture
def page_of(client: Client, answered_with: Callable[..., list[Question]]) -> Callable[..., str]:
    def page(answer: object = FITS, address: str = ADDRESS) -> str:
        answered_with(answer)
        response = client.get(address)
        assert response.status_code == 200
        return response.content.decode()

    return page


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sentence_is_the_answers_heading(page_of: Callable[..., str], name: str) -> None:
    answer = SAMPLES[name]
    html = page_of(answer)
    assert f"<h2>{answer.sentence}</h2>" in html
    assert WORDS[answer.verdict] in text_of(html)[: len(answer.sentence) + 60]
    assert f'href="#mark-{answer.verdict}"' in html  # the verdict has a shape, not a colour alone


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_needs_inline_style_or_script(page_of: Callable[..., str], name: str) -> None:
    html = page_of(SAMPLES[name])
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", html)
    assert "None" not in text_of(html)


@pytest.mark.parametrize("name", SAMPLES)
def test_identifiers_are_unique(page_of: Callable[..., str], name: str) -> None:
    html = page_of(SAMPLES[name])
    found = re.findall(r'\sid="([^"]+)"', html)
    assert len(found) == len(set(found))
    for target in re.findall(r'popovertarget="([^"]+)"', html):
        assert target in found


def test_memory_is_told_part_by_part(page_of: Callable[..., str]) -> None:
    text = text_of(page_of())
    for figure in ("4.58", "1.00", "0.56", "0.31", "6.45 GiB", "7.85 GiB", "8.00 GiB installed", "1.40 GiB"):
        assert figure in text
    assert "16,384 of 131,072 tokens" in text


def test_every_figure_of_the_memory_tells_how_it_is_known(page_of: Callable[..., str]) -> None:
    html = html_module.unescape(page_of())
    for part in FITS.parts:
        assert f'id="how-{part.key}" popover>{part.explanation}' in html
    assert f'id="how-limit" popover>{FITS.limit_explanation} <a href="{FITS.limit_source_url}"' in html


def test_speed_stands_beside_reading_speed_with_its_sources(page_of: Callable[..., str]) -> None:
    html = page_of()
    text = text_of(html)
    assert "44 to 60, about 10 times as fast as people read" in text
    assert "190 to 390 ms, for a prompt of 512 tokens" in text
    assert "https://doi.org/10.1016/j.jml.2019.104047" in html
    assert "what-are-tokens-and-how-to-count-them" in html


def test_a_phone_has_its_sustained_speed(page_of: Callable[..., str]) -> None:
    assert "once it is warm 13 (7.8 to 18)" in text_of(page_of(PHONE))


def test_unknown_speed_is_called_unknown_with_its_reason(page_of: Callable[..., str]) -> None:
    text = text_of(page_of(SPEED_UNKNOWN))
    assert f"Speed: unknown. {SPEED_UNKNOWN.speed_unknown_reason}" in text
    assert "people read" not in text


def test_every_format_links_to_its_own_question(page_of: Callable[..., str]) -> None:
    html = page_of(address=f"{ADDRESS}&context=16k")
    for option in FITS.formats:
        query = f"machine=nvidia-geforce-rtx-4060&amp;model=llama-3-1-8b&amp;format={option.slug}&amp;context=16384"
        assert f'href="/?{query}">{option.name}</a>' in html
    assert html.count('aria-current="true"') == 1


def test_the_calculation_and_what_would_change_it_are_shown(page_of: Callable[..., str]) -> None:
    html = page_of()
    text = text_of(html)
    for step in FITS.steps:
        assert f"{step.name} {step.formula} = {step.substituted} = {step.result}" in text
    for change in FITS.changes:
        assert f"{change.text} {WORDS[change.verdict]}" in text
    assert "What sets the speed here: memory bandwidth" in text
    assert FITS.notes[0] in text


def test_a_model_that_does_not_fit_says_first_what_would_help(page_of: Callable[..., str]) -> None:
    text = text_of(page_of(DOES_NOT_FIT))
    assert text.index("What would help") < text.index("Memory")
    assert "Too little by 635.1 GiB" in text
    assert "Longest context none of 131,072 tokens" in text


def test_an_answer_without_lists_still_makes_a_page(page_of: Callable[..., str]) -> None:
    bare = replace(
        FITS, formats=(), contexts=(), steps=(), changes=(), notes=(), model_max_context_tokens=None, parts=()
    )
    assert "What would change the answer" not in page_of(bare)


def test_names_are_escaped(page_of: Callable[..., str]) -> None:
    html = page_of(replace(FITS, model_name="<i>x</i>", notes=("<b>",)))
    assert "<i>x</i>" not in html
    assert "<b>" not in html


def test_the_question_is_passed_on_with_names_resolved(
    client: Client, answered_with: Callable[..., list[Question]]
) -> None:
    asked = answered_with()
    client.get(f"{ADDRESS}&count=2&host=64&used=1.5&context=16k&users=3&prompt=1k&output=100")
    assert asked == [
        Question(
            model="llama-3-1-8b",
            device="nvidia-geforce-rtx-4060",
            device_count=2,
            host_memory_gb=64.0,
            held_bytes=1.5 * 2**30,
            context_tokens=16384,
            concurrency=3,
            prompt_tokens=1024,
            output_tokens=100,
        )
    ]


def test_the_form_of_a_browser_without_script_leads_to_the_short_address(
    client: Client, answered_with: Callable[..., list[Question]]
) -> None:
    answered_with()
    response = client.get(f"{ADDRESS}&format=auto&context=8192&memory=&kv=f16&users=1")
    assert response.status_code == 302
    assert response["Location"] == ADDRESS


def test_every_example_is_answered(client: Client) -> None:
    for example in EXAMPLES:
        response = client.get(f"/?{example.query}")
        assert response.status_code == 200, example
        assert 'class="answer"' in response.content.decode(), example


def test_nothing_asked_shows_the_question_and_examples(client: Client) -> None:
    response = client.get("/")
    html = response.content.decode()
    assert response.status_code == 200
    assert "Can this machine run this model?" in html
    assert "For example" in html
    assert 'class="refusal"' not in html
    assert "machine-names" in html  # a list of names for browsers without script
