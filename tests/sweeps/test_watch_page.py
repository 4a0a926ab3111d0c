"""A sweep's page tells how far it is until it is done, and lets its owner stop, resume, name and delete it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.work.folder import folder
from tests.sweeps.page_helpers import SMALL, body, compute, shown, start

pytestmark = pytest.mark.django_db
STOP_POLLING = 286
UNKNOWN = "227e7979-f916-491c-bcf2-09ccfebbf14f"  # the same in every process that collects tests
POSTS = ("stop", "resume", "rename", "delete")


@pytest.fixture
def sweep(client: Client) -> Sweep:
    return start(client)


def address(sweep: Sweep, what: str = "") -> str:
    return f"/sweeps/{sweep.pk}/{what and f'{what}/'}"


def test_a_sweep_that_waits_says_why_and_asks_every_second(client: Client, sweep: Sweep) -> None:
    response = client.get(address(sweep))
    assert response.status_code == 200
    assert f'hx-get="{address(sweep, "progress")}?seen=queued" hx-trigger="every 1s"' in body(response)
    text = shown(response)
    assert "Waiting for a worker 0 %" in text
    assert "No worker has answered yet" in text
    assert f"0 of {sweep.n_plans}" in text
    assert "Llama-3.1-8B on NVIDIA GeForce RTX 4090" in text
    assert "4,096 and 8,192 tokens" in text  # what was asked


def test_a_running_sweep_tells_speed_workers_and_errors(client: Client, sweep: Sweep) -> None:
    first, *_ = sweep.chunks.order_by("index")
    Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.RUNNING)
    Chunk.objects.filter(pk=first.pk).update(
        state=Chunk.State.LEASED,
        worker="one.example:41-abcd/42 0123abcd",
        error="out of <memory>",
        attempts=2,
    )
    response = client.get(address(sweep, "progress"), {"seen": "running"})
    assert response.status_code == 200
    text = shown(response)
    assert "Running 0 %" in text
    assert "one.example, process 42" in text
    assert f"computes plans 1 to {first.stop}" in text
    assert "out of &lt;memory&gt;" in body(response)
    assert "not known yet" in text
    assert "hx-swap-oob" not in body(response)  # nothing but the progress has changed


def test_polling_ends_when_the_sweep_does_and_the_page_follows(client: Client, sweep: Sweep) -> None:
    compute(sweep)
    assert sweep.state == Sweep.State.DONE, sweep.reason
    response = client.get(address(sweep, "progress"), {"seen": "running"})
    html = body(response)
    assert response.status_code == STOP_POLLING
    assert "hx-trigger" not in html[: html.index("</section>")]
    assert '<p id="status" hx-swap-oob="innerHTML">The sweep is done.</p>' in html
    assert f'hx-get="{address(sweep, "found")}" hx-trigger="load" hx-target="#results"' in html
    found = client.get(address(sweep, "found"))
    assert "What is possible" in shown(found)
    assert "<html" not in body(found)
    assert 'id="repeat"' in html
    assert 'id="stop"' not in html


def test_a_sweep_that_is_done_shows_what_was_found(client: Client, sweep: Sweep) -> None:
    compute(sweep)
    for visitor in (client, Client()):
        response = visitor.get(address(sweep))
        assert response.status_code == 200
        assert "every 1s" not in body(response)
        assert re.search(rf"Done {sweep.n_plans} plans in (\d+ s|less than a second)", shown(response))
        assert f"/sweeps/{sweep.pk}/plans/" in body(response)


def test_stop_and_resume(client: Client, sweep: Sweep) -> None:
    assert client.post(address(sweep, "stop"))["Location"] == address(sweep)
    text = shown(client.get(address(sweep)))
    assert "Stopped 0 %" in text
    assert "What is done is kept." in text
    response = client.post(address(sweep, "resume"))
    assert response.status_code == 303
    sweep.refresh_from_db()
    assert sweep.state == Sweep.State.QUEUED


@pytest.mark.parametrize("what", ["stop", "resume"])
def test_what_the_state_forbids_is_told(client: Client, sweep: Sweep, what: str) -> None:
    if what == "stop":
        compute(sweep)
    response = client.post(address(sweep, what))
    assert response.status_code == 409
    assert "That was not done" in shown(response)


def test_a_failed_sweep_says_why_and_can_be_resumed(client: Client, sweep: Sweep) -> None:
    reason = "Computing the plans 1 to 22 failed, 3 times: the disk is full. Free some of it, then resume."
    Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.FAILED, reason=reason)
    response = client.get(address(sweep))
    assert reason in shown(response)
    assert 'id="resume"' in body(response)
    assert client.get(address(sweep, "progress")).status_code == STOP_POLLING


def test_files_that_are_gone_are_named_and_computed_again(client: Client, sweep: Sweep) -> None:
    compute(sweep)
    lost = ResultFile.objects.filter(sweep=sweep, kind=ResultFile.Kind.ROWS).first()
    assert lost is not None
    (folder(sweep) / lost.name).unlink()
    response = client.get(address(sweep))
    assert response.status_code == 200
    assert "Part of the result is gone" in shown(response)
    assert lost.name in shown(response)
    assert "Compute them again" not in shown(Client().get(address(sweep)))
    assert client.post(address(sweep, "resume")).status_code == 303
    compute(sweep)
    assert "Part of the result is gone" not in shown(client.get(address(sweep)))


def test_others_read_and_cannot_change(client: Client, sweep: Sweep) -> None:
    stranger = Client()
    start(stranger)  # an owner, of another sweep
    html = body(stranger.get(address(sweep)))
    assert 'id="repeat"' in html
    for what in POSTS:
        assert address(sweep, what) not in html
        for visitor in (stranger, Client()):
            response = visitor.post(address(sweep, what), {"name": "Mine now"})
            assert response.status_code == 403
            assert "Only the browser that started a sweep can change it." in shown(response)
    assert stranger.get(address(sweep, "delete")).status_code == 403
    sweep.refresh_from_db()
    assert (sweep.state, sweep.name) == (Sweep.State.QUEUED, "Llama-3.1-8B on NVIDIA GeForce RTX 4090")


def test_a_sweep_is_renamed(client: Client, sweep: Sweep) -> None:
    assert client.post(address(sweep, "rename"), {"name": "  My   <b>sweep</b> "}).status_code == 303
    sweep.refresh_from_db()
    assert sweep.name == "My <b>sweep</b>"
    assert "My &lt;b&gt;sweep&lt;/b&gt;" in body(client.get(address(sweep)))
    for wrong in ("", "   ", "x" * 201, "\0"):
        response = client.post(address(sweep, "rename"), {"name": wrong})
        assert response.status_code == 409
        assert "1 to 200 characters" in shown(response)


def test_deleting_asks_first(client: Client, sweep: Sweep) -> None:
    asks = client.get(address(sweep, "delete"))
    assert "Delete this sweep?" in shown(asks)
    assert Sweep.objects.filter(pk=sweep.pk).exists()
    assert client.post(address(sweep, "delete"))["Location"] == "/sweeps/"
    assert not Sweep.objects.filter(pk=sweep.pk).exists()
    assert not folder(sweep).exists()
    watched = client.get(address(sweep, "progress"))
    assert watched.status_code == STOP_POLLING
    assert "This sweep has been deleted." in shown(watched)
    assert client.get(address(sweep)).status_code == 404


def test_a_sweep_that_is_being_deleted_is_left_alone(client: Client, sweep: Sweep) -> None:
    Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.DELETING)
    response = client.get(address(sweep))
    assert "Being deleted" in shown(response)
    assert not re.search(r'id="(stop|resume|delete)"', body(response))
    for what in ("stop", "resume"):
        assert client.post(address(sweep, what)).status_code == 409


@pytest.mark.parametrize("path", ["nonsense/", f"{UNKNOWN}/", f"{UNKNOWN}/delete/", "123/stop/"])
def test_there_is_no_such_sweep(client: Client, path: str) -> None:
    assert client.get(f"/sweeps/{path}").status_code == 404


def test_changing_takes_a_post_with_the_forms_token(sweep: Sweep, client: Client) -> None:
    for what in ("stop", "resume", "rename"):
        assert client.get(address(sweep, what)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    for what in POSTS:
        assert strict.post(address(sweep, what)).status_code == 403
    sweep.refresh_from_db()
    assert sweep.state == Sweep.State.QUEUED


def test_a_wider_question_is_told_by_numbers(client: Client) -> None:
    sweep = start(client, f"{SMALL}&machines=all&fill=1&counts=1,+2")
    text = shown(client.get(address(sweep)))
    assert "Machines and devices 1,4" in text
    assert "all of the context but the answer" in text
    assert "left out as impossible" in text
    assert "None" not in body(client.get(address(sweep)))
