"""The pages of the measurements: the list and its filters, one measurement, what became of all of them."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client

from hardware_catalog.measured import OUTCOMES
from hardware_catalog.models import Measurement
from planner.measurements.asking import plan_query
from planner.measurements.predicting import predict

pytestmark = pytest.mark.django_db

LIST = "/measurements/"


def text_of(response: HttpResponse) -> str:
    """The page's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\xa0", " ")


def shown(response: HttpResponse) -> list[str]:
    """Ids of the measurements in the table, in order."""
    return re.findall(r'<th scope="row"><a href="/measurements/([^"/]+)/"', response.content.decode())


def tally(client: Client, **query: str) -> int:
    """How many measurements the list says it found."""
    response = client.get(LIST, query)
    assert response.status_code == 200
    return int(
        re.search(r'role="status">([\d,]+) measurement', response.content.decode())[1].replace(",", "")
    )


def test_the_list_shows_measured_and_predicted_values_with_their_source(client: Client) -> None:
    response = client.get(LIST, {"q": "apple-axengine-002"})
    text = text_of(response)
    assert shown(response) == ["apple-axengine-002"]
    assert "1 measurement found" in text
    for part in ("Apple M5 Max (40-core GPU)", "Gemma-4-26B-A4B, MLX 4-bit", "MLX (mlx-lm), Metal"):
        assert part in text
    assert "Writes decode prompt 128, depth 128, output 128" in text
    assert "128 tokens/s" in text
    predicted = predict([Measurement.objects.get(slug="apple-axengine-002")])["apple-axengine-002"]
    assert f"{predicted.value:.0f} tokens/s" in text
    assert ("within the range" in text) == (predicted.low <= 127.94 <= predicted.high)
    assert 'href="https://github.com/defai-digital/ax-engine/blob/main/' in response.content.decode()


def test_pages_of_fifty_the_newest_first(client: Client) -> None:
    first, second = client.get(LIST), client.get(LIST, {"page": "2"})
    assert len(shown(first)) == len(shown(second)) == 50
    assert not set(shown(first)) & set(shown(second))
    assert "18,166 measurements, 1 to 50 shown" in text_of(first)
    assert "51 to 100 shown" in text_of(second)
    dates = [Measurement.objects.get(slug=slug).source_date for slug in shown(first)[::10]]
    assert dates == sorted(dates, reverse=True)
    assert shown(client.get(LIST, {"page": "99999"})) == shown(client.get(LIST, {"page": "364"}))


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ({"device": "nvidia-geforce-rtx-4090"}, {"device__slug": "nvidia-geforce-rtx-4090"}),
        ({"model": "llama-3-1-8b"}, {"language_model__slug": "llama-3-1-8b"}),
        ({"format": "q4-k-m"}, {"weight_format__slug": "q4-k-m"}),
        ({"runtime": "vllm", "backend": "ROCm"}, {"runtime__slug": "vllm", "backend": "ROCm"}),
        ({"metric": "ttft_ms", "year": "2025"}, {"metric": "ttft_ms", "year": 2025}),
        ({"outcome": "composite"}, {"outcome": "composite"}),
        ({"flag": "outlier"}, {"flags__has_key": "outlier"}),
        ({"family": "microsoft/T-MAC"}, {"source_family": "microsoft/T-MAC"}),
    ],
)
def test_filters(client: Client, query: dict[str, str], known: dict[str, object]) -> None:
    assert tally(client, **query) == Measurement.objects.filter(**known).count() > 0


def test_names_are_searched_word_by_word(client: Client) -> None:
    assert tally(client, device="geforce 4090") >= tally(client, device="nvidia-geforce-rtx-4090")
    assert tally(client, q="vulkan Q4_K_M") <= min(tally(client, q="vulkan"), tally(client, q="Q4_K_M"))
    assert tally(client, device="raspberry pi 5", model="llama") > 0


def test_an_entry_reached_by_a_link_is_named(client: Client) -> None:
    response = client.get(LIST, {"device": "nvidia-geforce-rtx-4090", "metric": "ttft_ms"})
    assert "Device NVIDIA GeForce RTX 4090" in text_of(response)
    assert 'href="/measurements/?metric=ttft_ms">Show all' in response.content.decode()


def test_sorting_by_the_measured_value(client: Client) -> None:
    for sort, rising in (("-value", False), ("value", True)):
        response = client.get(LIST, {"metric": "decode_tps_per_seq", "sort": sort})
        values = [Measurement.objects.get(slug=slug).value for slug in shown(response)[::10]]
        assert values == sorted(values, reverse=not rising)
        assert f'aria-sort="{"ascending" if rising else "descending"}"' in response.content.decode()


def test_nothing_found(client: Client) -> None:
    response = client.get(LIST, {"q": "no such thing at all"})
    assert response.status_code == 200
    assert "No measurement is like that" in text_of(response)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("outcome=lost", "Outcome : There is no such choice here."),
        ("sort=colour", "Order : There is no such choice here."),
        ("page=0", "Page : Ensure this value is greater than or equal to 1."),
        ("page=first", "Page : Enter a whole number."),
        (
            "modell=llama",
            "The address asks for “modell”, by which this list cannot be filtered. Did you mean “model”?",
        ),
        ("q=a&q=b", "Search : The address says this more than once. Keep one."),
        ("q=a%00b", "Null characters are not allowed."),
    ],
)
def test_bad_questions_are_refused_with_reasons(client: Client, query: str, reason: str) -> None:
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 422
    assert reason in text_of(response)


def test_an_address_written_by_a_browser_is_shortened(client: Client) -> None:
    response = client.get(LIST, {"q": "", "device": "rtx", "model": "", "outcome": ""})
    assert response.status_code == 302
    assert response["Location"] == "/measurements/?device=rtx"


def test_while_filtering_only_what_was_found_is_sent(client: Client) -> None:
    response = client.get(LIST, {"q": "vulkan", "device": ""}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "<html" not in response.content.decode()
    assert response["HX-Replace-Url"] == "/measurements/?q=vulkan"
    assert "HX-Request" in response["Vary"]


def test_one_measurement_with_every_figure(client: Client) -> None:
    response = client.get("/measurements/apple-axengine-002/")
    text = text_of(response)
    assert "Gemma-4-26B-A4B on Apple M5 Max (40-core GPU)" in text
    for part in (
        "What became of it: resolved",
        "614 GB/s",
        "26 billion",
        "MLX-4bit",
        "defai-digital/ax-engine",
    ):
        assert part in text
    assert "median of 3 reps; random-token prompt" in text
    page = response.content.decode()
    assert 'href="/devices/apple-m5-max-40-core-gpu/"' in page
    assert 'href="/measurements/?family=defai-digital/ax-engine"' in page


def test_a_measurement_that_is_not_trusted_says_why(client: Client) -> None:
    text = text_of(client.get("/measurements/aic-00399/"))
    assert "What became of it: not trusted" in text
    assert "separate pools of devices read prompts and decode" in text
    assert "not compared: not trusted" in text
    assert "tokens drafted ahead the source does not say" in text


def test_a_measurement_whose_device_is_not_known_has_no_prediction(client: Client) -> None:
    unknown = (
        Measurement.objects.filter(outcome="not_in_catalog", device=None).exclude(device_text="").first()
    )
    text = text_of(client.get(f"/measurements/{unknown.slug}/"))
    assert "Predicted none" in text
    assert unknown.outcome_reason in text.replace("&#x27;", "'").replace("&quot;", '"')
    assert "Plan this set-up" not in text


def test_unknown_and_withdrawn_measurements(client: Client) -> None:
    assert client.get("/measurements/no-such/").status_code == 404
    Measurement.objects.filter(slug="apple-axengine-002").update(withdrawn=True)
    response = client.get("/measurements/apple-axengine-002/")
    assert response.status_code == 410
    assert "has been withdrawn" in text_of(response)
    assert shown(client.get(LIST, {"q": "apple-axengine-002"})) == []


def test_the_same_set_up_can_be_planned(client: Client) -> None:
    """The link asks a question that is answered, or that only lacks the memory that nobody states."""
    resolved = Measurement.objects.filter(outcome="resolved", device__isnull=False).order_by("slug")
    sample = resolved.select_related("device", "language_model", "weight_format", "runtime")[::400]
    answers = {query: client.get(f"/?{query}") for row in sample if (query := plan_query(row))}
    assert len(answers) > 20
    asked_back = [
        query for query, response in answers.items() if "Give it in GB" in response.content.decode()
    ]
    refused = [query for query, response in answers.items() if response.status_code != 200]
    assert set(refused) <= set(asked_back)
    assert len(asked_back) < 0.25 * len(answers)


def test_every_outcome_and_reason_is_counted(client: Client) -> None:
    response = client.get("/measurements/outcomes/")
    text = text_of(response)
    assert "Every one of the 18,166 rows gets exactly one outcome" in text
    counted = {
        outcome: int(
            re.search(
                rf'outcome={outcome}">.*?<td class="num">([\d,]+)</td>', response.content.decode(), re.S
            )[1].replace(",", "")
        )
        for outcome in OUTCOMES
    }
    assert sum(counted.values()) == 18_166
    assert counted == {outcome: Measurement.objects.filter(outcome=outcome).count() for outcome in OUTCOMES}
    assert "The board&#x27;s power was capped" in response.content.decode()
    assert "XiongjieDai/GPU-Benchmarks-on-LLM-Inference 775 775 0 0 0 0" in text
