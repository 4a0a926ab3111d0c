"""Editors see what was submitted and nothing else; accepted rows become measurements of the catalog."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from hardware_catalog.models import Measurement
from planner.contributions import services
from planner.contributions.models import Contribution
from tests.contributions.conftest import Post

pytestmark = pytest.mark.django_db

LIST = "admin:contributions_contribution_changelist"


@pytest.fixture
def submitted(bring: Post) -> Contribution:
    """A file of two good rows that waits for an editor."""
    bring("llama-bench.json", action="save", source_url="https://github.com/someone/bench/blob/main/a.json")
    contribution = Contribution.objects.get()
    services.submit(contribution)
    return contribution


def editor(*codenames: str) -> Client:
    """A client of a member of staff with these permissions on contributions."""
    user = User.objects.create_user("editor", password="secret", is_staff=True)
    kind = ContentType.objects.get_for_model(Contribution)
    user.user_permissions.set(Permission.objects.filter(content_type=kind, codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


JUDGE = ("view_contribution", "change_contribution", "judge_contribution")


def act(client: Client, contribution: Contribution, action: str, **more: str) -> str:
    data = {"action": action, "_selected_action": [contribution.pk]} | more
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_accepted_rows_become_measurements(submitted: Contribution) -> None:
    shown = act(editor(*JUDGE), submitted, "accept")
    assert "2 measurements accepted" in shown
    submitted.refresh_from_db()
    assert submitted.status == "accepted"
    assert submitted.judged_by is not None
    prefill, decode = Measurement.objects.filter(origin="accepted").order_by("slug")
    assert decode.metric == "decode_tps_per_seq"
    assert decode.value == pytest.approx(118.881588)
    assert decode.stddev == pytest.approx(1.041811)
    assert decode.output_tokens == 128
    assert decode.source_family == "someone/bench"
    assert decode.source_url == "https://github.com/someone/bench/blob/main/a.json"
    assert decode.source_date == "2025-04-24"
    assert decode.outcome == "resolved"
    assert decode.device is not None
    assert decode.device.name == "NVIDIA GeForce RTX 4080"
    assert decode.language_model is not None
    assert decode.settings["flash_attn"] == "0"
    assert decode.contribution_row.contribution == submitted
    assert prefill.metric == "prefill_tps"


def test_rows_of_the_project_itself_are_marked_so(submitted: Contribution) -> None:
    submitted.measured_by_project = True
    services.accept(submitted, User.objects.create_user("one"))
    assert set(Measurement.objects.exclude(origin="shipped").values_list("origin", flat=True)) == {"own"}


def test_only_good_rows_are_accepted(bring: Post) -> None:
    bring("llama-bench-dgx-spark.md", action="save", device="DGX Spark")
    contribution = Contribution.objects.get()
    services.submit(contribution)
    assert services.accept(contribution, User.objects.create_user("one")) == 6
    assert Measurement.objects.filter(origin="accepted").count() == 6


def test_declining_needs_a_reason_that_the_visitor_reads(submitted: Contribution, client: Client) -> None:
    judge = editor(*JUDGE)
    asked = act(judge, submitted, "decline")
    assert "1 contribution would be declined" in asked
    assert "errornote" not in asked
    assert "Write the reason for declining" in act(judge, submitted, "decline", reason=" ")
    assert "declined" in act(judge, submitted, "decline", reason="The card was throttled.")
    submitted.refresh_from_db()
    assert submitted.status == "declined"
    page = client.get(reverse("contributions:detail", args=[submitted.public_id])).content.decode()
    assert "The card was throttled." in page


def test_declining_what_was_accepted_takes_it_out_of_sight_and_accepting_brings_it_back(
    submitted: Contribution,
) -> None:
    one = User.objects.create_user("one")
    services.accept(submitted, one)
    services.decline(submitted, one, "wrong card")
    assert set(Measurement.objects.filter(origin="accepted").values_list("withdrawn", flat=True)) == {True}
    services.submit(submitted)
    services.accept(submitted, one)
    told = Measurement.objects.filter(origin="accepted").values_list("withdrawn", flat=True)
    assert list(told) == [False, False]


def test_what_is_accepted_is_no_longer_the_visitors_to_delete(
    submitted: Contribution, client: Client
) -> None:
    services.accept(submitted, User.objects.create_user("one"))
    response = client.post(reverse("contributions:delete", args=[submitted.public_id]))
    assert response.status_code == 409
    assert Contribution.objects.exists()


def test_drafts_are_not_the_editors_to_see(submitted: Contribution) -> None:
    judge = editor(*JUDGE)
    assert submitted.source_family in judge.get(reverse(LIST)).content.decode()
    services.withdraw(submitted)
    assert submitted.source_family not in judge.get(reverse(LIST)).content.decode()
    change = reverse("admin:contributions_contribution_change", args=[submitted.pk])
    assert judge.get(change).status_code == 302  # the admin's answer to what it does not find


def test_accepting_needs_the_permission(submitted: Contribution) -> None:
    reader = editor("view_contribution", "change_contribution")
    assert 'value="accept"' not in reader.get(reverse(LIST)).content.decode()
    act(reader, submitted, "accept")
    submitted.refresh_from_db()
    assert submitted.status == "submitted"
    assert not Measurement.objects.filter(origin="accepted").exists()


def test_accepting_twice_or_without_a_family_is_refused(submitted: Contribution) -> None:
    judge = editor(*JUDGE)
    Contribution.objects.update(source_family="")
    assert "write the source family first" in act(judge, submitted, "accept")
    Contribution.objects.update(source_family="someone/bench")
    act(judge, submitted, "accept")
    assert "only a submitted contribution" in act(judge, submitted, "accept")
    assert Measurement.objects.filter(origin="accepted").count() == 2
