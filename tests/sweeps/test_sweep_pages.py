"""The list of one's sweeps, and how counts, sizes and times are written."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from planner.sweeps.models import ResultFile, Sweep
from planner.sweeps.pages import words
from planner.sweeps.pages.examples import EXAMPLES
from planner.sweeps.pages.listing import PAGE_SIZE
from planner.sweeps.pages.numbers import NumbersField
from tests.sweeps.page_helpers import SMALL, body, compute, shown, start

LIST = "/sweeps/"
STOP_POLLING = 286


@pytest.mark.django_db
def test_without_sweeps_the_page_says_what_one_is_and_offers_questions(client: Client) -> None:
    response = client.get(LIST)
    text = shown(response)
    assert "A sweep works out every combination" in text
    assert "None yet." in text
    for example in EXAMPLES:
        assert example.question in text
    assert body(response).count('href="/sweeps/new/?') == len(EXAMPLES) == 3
    assert "contributor" not in response.cookies


@pytest.mark.django_db
def test_everybody_sees_their_own_newest_first(client: Client) -> None:
    done = compute(start(client, f"{SMALL}&keep=all&name=The+first"))
    start(client, f"{SMALL}&name=The+second")
    start(Client(), f"{SMALL}&name=A+strangers")
    text = shown(client.get(LIST))
    assert re.search(r"The second [-\d: ]*Waiting for a worker 0 % .* The first .*? Done", text)
    size = sum(ResultFile.objects.filter(sweep=done).values_list("n_bytes", flat=True))
    assert words.size(size).replace("\N{NO-BREAK SPACE}", " ") in text
    assert f"{done.n_plans} " in text
    assert "A strangers" not in text
    assert "None yet." in shown(Client().get(LIST))


@pytest.mark.django_db
def test_the_list_follows_what_goes_on_until_nothing_does(client: Client) -> None:
    sweep = start(client)
    assert 'hx-trigger="every 2s"' in body(client.get(LIST))
    update = client.get(LIST, headers={"HX-Request": "true"})
    assert update.status_code == 200
    assert "<html" not in body(update)
    client.post(f"/sweeps/{sweep.pk}/stop/")
    update = client.get(LIST, headers={"HX-Request": "true"})
    assert update.status_code == STOP_POLLING
    assert "Stopped" in shown(update)
    assert "every 2s" not in body(client.get(LIST))


@pytest.mark.django_db
def test_many_sweeps_come_in_pages_and_ask_no_more_often(client: Client) -> None:
    first = start(client)

    def queries(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    few = queries(LIST)
    Sweep.objects.bulk_create(
        Sweep(
            owner=first.owner,
            name=f"Number {number}",
            definition=first.definition,
            entries=first.entries,
            snapshot=first.snapshot,
            keep=first.keep,
            n_plans=number,
            state=Sweep.State.STOPPED,
        )
        for number in range(PAGE_SIZE + 5)
    )
    Sweep.objects.filter(pk=first.pk).update(created=timezone.now() + timedelta(hours=1))
    assert queries(LIST) == few
    html = body(client.get(LIST))
    assert html.count('<tr><th scope="row">') == PAGE_SIZE
    assert "Page 1 of 2" in html
    assert body(client.get(f"{LIST}?page=2")).count('<tr><th scope="row">') == 6
    for strange in ("0", "99", "x", "-1"):
        assert client.get(f"{LIST}?page={strange}").status_code == 200


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999_499, "999,499"),
        (999_600, "1 million"),
        (12_400_000, "12.4 million"),
        (1_310_000_000, "1.31 billion"),
    ],
)
def test_counts(number: float, text: str) -> None:
    assert words.count(number).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "unknown"),
        (0.4, "less than a second"),
        (12.3, "12 s"),
        (99, "99 s"),
        (150, "2 min"),
        (5400, "90 min"),
        (8000, "2.2 h"),
        (36 * 3600, "36 h"),
        (10 * 86400, "10 days"),
    ],
)
def test_times(seconds: float | None, text: str) -> None:
    assert words.seconds(seconds).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 bytes"), (346, "346 bytes"), (22_300_000, "22.3 MB"), (2.4e12, "2.4 TB")]
)
def test_sizes(n_bytes: float, text: str) -> None:
    assert words.size(n_bytes).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("4096, 32k, 128K", (4096, 32768, 131072)),
        ("128k;4k 4k", (4096, 131072)),
        ("4096,32768", (4096, 32768)),
        (" 8, 192 ", (8, 192)),
        ("1M", (2**20,)),
        ("", ()),
        (" , ", ()),
    ],
)
def test_several_numbers_in_one_field(text: str, numbers: tuple[int, ...]) -> None:
    assert NumbersField(most=10**8, whole=True, tokens=True).clean(text) == numbers


@pytest.mark.parametrize("text", ["8,192", "4k, x", "1.5", "-3", "1e9", "9" * 400, "٣"])
def test_what_is_no_list_of_numbers(text: str) -> None:
    with pytest.raises(ValidationError):
        NumbersField(most=10**8, whole=True, tokens=True).clean(text)
