"""Reviewing a visitor's file: each value beside the prediction with its outlier score, rows taken or left out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from hardware_catalog.models import Measurement
from planner.contributions.judging import Judged, judge
from planner.contributions.models import Contribution
from planner.contributions.services import accept, submit, take_in
from planner.measurements.predicting import Prediction
from tests.contributions.conftest import Post
from tests.contributions.samples import sample
from tests.contributions.test_judging import JUDGE, editor

pytestmark = pytest.mark.django_db
LIST = "/admin/contributions/contribution/"
REASON = "Ten times what the card can read: a slip of the decimal point?"


@pytest.fixture
def submitted(bring: Post) -> Contribution:
    """Two good rows, of which the second one is ten times too fast."""
    runs = json.loads(sample("llama-bench.json"))
    for name in ("avg_ts", "stddev_ts"):
        runs[1][name] *= 10
    runs[1]["samples_ts"] = [value * 10 for value in runs[1].get("samples_ts", [])]
    bring(text=json.dumps(runs), action="save", source_url="https://github.com/someone/bench")
    contribution = Contribution.objects.get()
    submit(contribution)
    return contribution


def address(contribution: Contribution) -> str:
    return reverse("admin:contributions_contribution_review", args=[contribution.pk])


def act(client: Client, contribution: Contribution, action: str, **more: object) -> str:
    response = client.post(address(contribution), {"action": action, **more}, follow=True)
    return response.content.decode()


def keys(contribution: Contribution) -> list[int]:
    return list(contribution.rows.order_by("position").values_list("pk", flat=True))


def visitors_page(client: Client, contribution: Contribution) -> str:
    return client.get(reverse("contributions:detail", args=[contribution.public_id])).content.decode()


def test_values_stand_beside_predictions_with_a_score(submitted: Contribution) -> None:
    page = editor(*JUDGE).get(address(submitted)).content.decode()
    assert "1 inside, 1 far outside" in page
    assert page.count("NVIDIA GeForce RTX 4080") >= 2
    assert "of the 90&nbsp;% interval" in page
    by_score = editor_page = editor_client().get(address(submitted), {"order": "score"}).content.decode()
    assert editor_page.index("far outside</td>") < by_score.index(" inside</td>")


def editor_client() -> Client:
    client = Client()
    client.force_login(User.objects.get(username="editor"))
    return client


@pytest.mark.parametrize(
    ("measured", "score"), [(100, 0), (200, 1), (400, 2), (50, 0.5), (25, 1), (6.25, 2), (1e-9, None)]
)
def test_the_score_counts_factors_in_reaches_of_the_interval(measured: float, score: float | None) -> None:
    """The interval reaches to the double above, and to a quarter below."""
    fields = {"device": "RTX 4090", "model": "Llama 3.1 8B", "metric": "decode_tps_per_seq", "value": "1"}
    judged: Judged = judge([fields])[0]
    prediction = Prediction(100.0, 25.0, 200.0, "ok", "")
    told = replace(judged, measured=measured, prediction=prediction).outlier_score
    if score is not None:
        assert told == pytest.approx(score)
    assert replace(judged, prediction=Prediction(None, None, None, "ambiguous", "?")).outlier_score is None


def test_one_row_is_left_out_and_the_visitor_reads_why(submitted: Contribution, client: Client) -> None:
    reviewer = editor(*JUDGE)
    assert "Choose the rows to leave out." in act(reviewer, submitted, "leave_out", reason=REASON)
    assert "the visitor reads it" in act(reviewer, submitted, "leave_out", row=keys(submitted)[1:])
    shown = act(reviewer, submitted, "leave_out", row=keys(submitted)[1:], reason=REASON)
    assert "1 row left out" in shown
    assert "1 measurement accepted" in act(reviewer, submitted, "accept")
    assert Measurement.objects.filter(origin="accepted").count() == 1
    page = visitors_page(client, submitted)
    assert "Left out by the editor:" in page
    assert "slip of the decimal point?" in page
    assert "1 of its rows was left out" in page
    assert "Accepted: its page" in page


def test_a_row_can_be_taken_out_of_what_was_accepted_and_in_again(submitted: Contribution) -> None:
    reviewer = editor(*JUDGE)
    act(reviewer, submitted, "accept")
    assert Measurement.objects.filter(origin="accepted", withdrawn=False).count() == 2
    act(reviewer, submitted, "leave_out", row=keys(submitted)[1:], reason=REASON)
    gone = Measurement.objects.get(origin="accepted", withdrawn=True)
    made, hidden = Measurement.history.filter(id=gone.pk).order_by("history_id")
    assert made.history_change_reason.startswith("accepted: llama-bench")
    assert (str(hidden.history_user), hidden.history_change_reason) == ("editor", f"left out: {REASON}")
    assert "1 row taken in again" in act(reviewer, submitted, "take_in", row=keys(submitted))
    assert not Measurement.objects.filter(withdrawn=True).exists()


def test_a_file_of_which_nothing_is_left_is_declined(submitted: Contribution) -> None:
    reviewer = editor(*JUDGE)
    act(reviewer, submitted, "leave_out", row=keys(submitted), reason=REASON)
    assert "every row is left out; decline it instead" in act(reviewer, submitted, "accept")
    assert "declined: all wrong" in act(reviewer, submitted, "decline", reason="all wrong")
    submitted.refresh_from_db()
    assert (submitted.status, submitted.decline_reason) == ("declined", "all wrong")


def test_the_source_family_is_written_on_the_same_page(submitted: Contribution) -> None:
    act(editor(*JUDGE), submitted, "accept", source_family="someone/else")
    assert set(Measurement.objects.filter(origin="accepted").values_list("source_family", flat=True)) == {
        "someone/else"
    }


def test_only_reviewers_act_and_drafts_stay_private(submitted: Contribution) -> None:
    reader = editor("view_contribution", "change_contribution")
    page = reader.get(address(submitted)).content.decode()
    assert 'value="accept"' not in page
    assert reader.post(address(submitted), {"action": "accept"}).status_code == 403
    Contribution.objects.update(status="draft")
    assert reader.get(address(submitted)).status_code == 404
    assert "saved, yours alone" not in reader.get(LIST).content.decode()


def test_rows_that_never_became_measurements_come_back_with_the_file(submitted: Contribution) -> None:
    from planner.contributions.services import Refused, leave_out

    one = User.objects.create_user("one")
    leave_out(submitted, keys(submitted)[1:], one, REASON)
    accept(submitted, one)
    with pytest.raises(Refused, match="never became measurements"):
        take_in(submitted, keys(submitted)[1:], one)
