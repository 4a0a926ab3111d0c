"""The page of a service: asked, refused, updated in place."""

from __future__ import annotations

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
ADDRESS = "/serve/"
SMALL = {"model": "llama-3-1-8b", "machine": "nvidia-geforce-rtx-4090"}


def test_it_asks_first(client: Client) -> None:
    html = client.get(ADDRESS).content.decode()
    assert "What does it take to serve people?" in html
    assert "gpt-oss-120b" in html
    assert 'name="people" value="16"' in html


def test_it_answers_with_a_ranked_table_and_a_chart(client: Client) -> None:
    response = client.get(ADDRESS, SMALL | {"people": "100"})
    html = response.content.decode()
    assert response.status_code == 200
    assert "The cheapest that serves 100 people at once" in html
    assert 'class="chart machine-curves service-curves"' in html
    assert "style=" not in html
    for head in ("A token", "(TPOT)", "First word", "(TTFT)", "all (throughput)", "breaks:", "Limited by"):
        assert head in html


def test_the_rows_lead_to_the_plan_of_one_instance(client: Client) -> None:
    html = client.get(ADDRESS, SMALL).content.decode()
    link = re.search(r'href="(/\?machine=nvidia-geforce-rtx-4090[^"]*)"', html)
    assert link
    answer = client.get(link.group(1).replace("&amp;", "&"))
    assert answer.status_code == 200
    assert "RTX 4090" in answer.content.decode()


def test_requests_a_second_stand_for_people(client: Client) -> None:
    html = client.get(ADDRESS, SMALL | {"rate": "2"}).content.decode()
    assert "2 requests a second" in html
    assert "Little’s law" in html


def test_the_usual_is_left_out_of_the_address(client: Client) -> None:
    response = client.get(ADDRESS, SMALL | {"people": "16", "tpot": "", "rate": "2.5"})
    assert response.status_code == 302
    assert (
        response.headers["Location"] == "/serve/?model=llama-3-1-8b&rate=2.5&machine=nvidia-geforce-rtx-4090"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"count": "3"}, "these numbers can: 1, 2, 4, 8"),
        ({"people": "8", "rate": "2"}, "clear one of the two"),
        ({"people": "many"}, "Write a number here"),
        ({"tpot": "-1"}, "must be more than 0"),
        ({"model": "gefroce"}, "No language model is called"),
        ({"peple": "8"}, "Did you mean “people”"),
        ({"prompt": "1m"}, "was made for at most"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(client: Client, changes: dict[str, str], told: str) -> None:
    response = client.get(ADDRESS, SMALL | changes)
    assert response.status_code == 422
    assert told in response.content.decode()


def test_a_name_that_may_mean_several_leads_back_to_this_page(client: Client) -> None:
    html = client.get(ADDRESS, SMALL | {"machine": "h100", "people": "99"}).content.decode()
    assert re.search(r'href="/serve/\?model=llama-3-1-8b&amp;people=99&amp;machine=nvidia-h100', html)


def test_nothing_that_serves_is_said_with_what_is_reached(client: Client) -> None:
    response = client.get(ADDRESS, SMALL | {"tpot": "0.5"})
    assert response.status_code == 200
    html = response.content.decode()
    assert "Nothing that is looked at serves 16 people at once" in html
    assert "the shortest time per token is" in html


def test_it_updates_in_place(client: Client) -> None:
    response = client.get(ADDRESS, SMALL, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert "<html" not in html
    assert 'id="people-note"' in html
    assert response.headers["HX-Push-Url"].startswith("/serve/?model=")
    unsaid = client.get(ADDRESS, {"model": ""}, headers={"HX-Request": "true", "HX-Trigger": "live"})
    assert unsaid.status_code == 204
