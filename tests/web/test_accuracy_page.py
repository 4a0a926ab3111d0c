"""The accuracy page tells what the shipped report says, and no more."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from planner.calibration.files import shipped_held_out, shipped_report

pytestmark = pytest.mark.django_db
MOST_BYTES = 400_000
METRICS = ("decode", "prefill", "ttft")


class Text(HTMLParser):
    """The page's text, its links and its tables' rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.links = "", []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def page(client: Client, query: str = "") -> str:
    response = client.get(f"/accuracy/{query}")
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("metric", METRICS)
def test_it_says_the_report_s_figures(client: Client, metric: str) -> None:
    text = Text(page(client, f"?metric={metric}")).text.replace("\N{NO-BREAK SPACE}", " ")
    part = shipped_report()["metrics"][metric]
    assert f"{100 * part['by_family']['median']:,.1f} %" in text
    assert f"nine of ten are within {100 * part['by_family']['p90']:,.0f} %" in text
    assert f"{100 * part['interval']['covered']:.0f} %" in text
    for rival in part["rivals"]:
        assert f"{100 * rival['by_family']['median']:,.0f} %" in text
    for name in ("calibration_sha256",):
        assert shipped_report()[name][:12] in text


@pytest.mark.parametrize("metric", METRICS)
def test_it_is_light_enough_for_a_phone(client: Client, metric: str) -> None:
    assert len(page(client, f"?metric={metric}").encode()) < MOST_BYTES


def test_quantities_are_plain_links_and_the_first_is_writing(client: Client) -> None:
    links = Text(page(client)).links
    assert {f"?metric={metric}" for metric in METRICS} <= set(links)
    assert Text(page(client)).text == Text(page(client, "?metric=decode")).text


def test_every_miss_leads_to_its_measurement_and_its_source(client: Client) -> None:
    links = Text(page(client)).links
    for miss in shipped_report()["metrics"]["decode"]["worst"][:16]:
        assert f"/measurements/{miss['id']}/" in links
        assert miss["source_url"] in links
    assert {"/methodology/", "/measurements/", "/measurements/outcomes/"} <= set(links)


def dots(page: str, kind: str) -> int:
    drawn = re.search(rf'<path d="([^"]*)" class="dots {kind}"', page)
    return drawn[1].count("M") if drawn else 0


def test_a_platform_is_pointed_out(client: Client) -> None:
    values = shipped_held_out()
    values = values.take(values.metric == "decode")
    platform = "NVIDIA gpu, CUDA"
    mine = values.take(values.platform == platform)
    shown = page(client, f"?metric=decode&platform={platform}")
    assert dots(page(client), "behind") == 0
    assert 0 < dots(shown, "behind") <= len(values) - len(mine)
    assert 0.5 * len(mine) < dots(shown, "inside") + dots(shown, "ring") <= len(mine)
    assert "In front: <strong>NVIDIA GPU, CUDA</strong>" in shown


@pytest.mark.parametrize(
    "query", ["?metric=memory", "?metric=decode&platform=nothing", "?metric=%00", "?platform=%27%22%3E"]
)
def test_what_is_not_judged_is_not_found(client: Client, query: str) -> None:
    assert client.get(f"/accuracy/{query}").status_code == 404


def test_it_says_when_another_calibration_answers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Answers use another one now" not in page(client)
    other = dict(shipped_report(), calibration_sha256="0" * 64)
    monkeypatch.setattr("planner.evidence.accuracy.shipped_report", lambda: other)
    assert "Answers use another one now" in page(client)
