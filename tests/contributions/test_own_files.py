"""Saved files are their visitor's alone: listed, shown, exported, submitted, taken back, deleted."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from planner.contributions import services
from planner.contributions.models import Contribution
from planner.contributions.parsers import read
from tests.contributions.conftest import Post, body

pytestmark = pytest.mark.django_db


@pytest.fixture
def saved(bring: Post) -> Contribution:
    """A file that the visitor saved."""
    response = bring("llama-bench.json", action="save", name="mine.json", note="220 W limit")
    assert response.status_code == 302
    contribution = Contribution.objects.get()
    assert response.headers["Location"] == f"{page(contribution)}?saved=1"
    return contribution


def page(contribution: Contribution, what: str = "detail") -> str:
    return reverse(f"contributions:{what}", args=[contribution.public_id])


def test_saving_keeps_the_rows_and_who_saved_them(saved: Contribution, client: Client) -> None:
    assert saved.status == "draft"
    assert [row.fields["value"] for row in saved.rows.all()] == ["7100.00216", "118.881588"]
    cookie = client.cookies["contributor"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert saved.owner
    assert saved.owner not in cookie.value  # the database holds a hash of it
    shown = client.get(page(saved)).content.decode()
    assert "mine.json" in shown
    assert "220 W limit" in shown
    assert shown.count("of the prediction") == 2
    assert "mine.json" in client.get(reverse("contributions:index")).content.decode()


def test_a_second_file_belongs_to_the_same_visitor(saved: Contribution, bring: Post, client: Client) -> None:
    bring("llama-bench.csv", action="save")
    owners = set(Contribution.objects.values_list("owner", flat=True))
    assert owners == {saved.owner}
    assert client.get(reverse("contributions:index")).content.decode().count("2 measurements") == 2


def test_nobody_else_sees_it(saved: Contribution) -> None:
    stranger = Client()
    for what in ("detail", "delete", "export"):
        assert stranger.get(page(saved, what)).status_code == 404
    assert stranger.post(page(saved, "act"), {"action": "submit"}).status_code == 404
    assert stranger.post(page(saved, "delete")).status_code == 404
    assert stranger.get(reverse("contributions:export_all")).content.decode().count("\n") == 1
    assert "Nothing yet" in stranger.get(reverse("contributions:index")).content.decode()
    forger = Client()
    forger.cookies["contributor"] = "a-token:1abcde:forged-signature"
    assert forger.get(page(saved)).status_code == 404
    assert Contribution.objects.count() == 1


def test_rows_that_are_refused_are_kept_with_their_reasons(bring: Post, client: Client) -> None:
    bring("llama-bench-dgx-spark.md", action="save", device="DGX Spark")
    contribution = Contribution.objects.get()
    assert contribution.rows.count() == 7
    assert contribution.rows.exclude(refusal="").get().number == 10
    assert contribution.answers["device"] == "DGX Spark"
    assert "llama-batched-bench" in client.get(page(contribution)).content.decode()


def test_a_file_without_measurements_is_not_saved(bring: Post) -> None:
    response = bring("llama-bench-2023.csv", action="save")
    assert response.status_code == 422
    assert "27 fields, the header 26" in body(response)
    assert not Contribution.objects.exists()


def test_chosen_names_are_saved_with_what_the_file_said(bring: Post) -> None:
    name = "NVIDIA H100 SXM5 80 GB"
    chosen = {"open": "device|NVIDIA H100", "chosen": name, "other": ""}
    bring("llama-bench-dgx-spark.md", action="save", device="NVIDIA H100", **chosen)
    contribution = Contribution.objects.get()
    assert contribution.choices == [["device", "NVIDIA H100", name]]
    row = contribution.rows.filter(refusal="").first()
    assert row is not None
    assert row.fields["device"] == name
    assert "the file says device “NVIDIA H100”" in row.fields["notes"]


def test_an_export_can_be_brought_again(saved: Contribution, client: Client) -> None:
    response = client.get(page(saved, "export"))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    again = read(response.content)
    assert again.kind == "project_csv"
    assert [row.problems for row in again.rows] == [(), ()]
    assert [dict(row.fields) for row in again.rows] == [row.fields for row in saved.rows.all()]
    assert client.get(reverse("contributions:export_all")).content == response.content


def test_an_export_holds_no_formulas(bring: Post, client: Client) -> None:
    text = 'device,model,metric,value,notes\nRTX 4090,Qwen3-8B,decode_tps,100,"=HYPERLINK(""http://x"")"\n'
    bring(text=text, action="save")
    export = client.get(reverse("contributions:export_all")).content.decode()
    assert "'=HYPERLINK" in export
    assert read(export).rows[0].fields["notes"].startswith("=HYPERLINK")


def test_submitting_and_taking_back(saved: Contribution, client: Client) -> None:
    assert client.post(page(saved, "act"), {"action": "submit"}).status_code == 302
    saved.refresh_from_db()
    assert saved.status == "submitted"
    assert saved.source_family.startswith("contributor-")
    assert client.post(page(saved, "act"), {"action": "submit"}).status_code == 409
    assert client.post(page(saved, "act"), {"action": "withdraw"}).status_code == 302
    saved.refresh_from_db()
    assert saved.status == "draft"
    assert client.post(page(saved, "act"), {"action": "accept"}).status_code == 409
    assert client.get(page(saved, "act")).status_code == 405


@pytest.mark.parametrize(
    ("address", "family"),
    [
        ("https://github.com/kyuz0/amd-r9700-ai-toolboxes/blob/main/x.log", "kyuz0/amd-r9700-ai-toolboxes"),
        ("https://www.example.org/bench/1", "example.org"),
    ],
)
def test_the_source_family_follows_from_the_address(bring: Post, address: str, family: str) -> None:
    bring("llama-bench.json", action="save", source_url=address)
    contribution = Contribution.objects.get()
    services.submit(contribution)
    assert contribution.source_family == family


def test_deleting_asks_first(saved: Contribution, client: Client) -> None:
    asked = client.get(page(saved, "delete")).content.decode()
    assert "gone for good" in asked
    assert Contribution.objects.exists()
    assert client.post(page(saved, "delete")).status_code == 302
    assert not Contribution.objects.exists()


def test_a_visitor_keeps_a_bounded_number_of_files(bring: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_KEPT", 1)
    bring("llama-bench.json", action="save")
    response = bring("llama-bench.json", action="save")
    assert response.status_code == 422
    assert "delete some first" in body(response)


def test_pages_are_not_cached(saved: Contribution, client: Client) -> None:
    for address in (reverse("contributions:index"), page(saved), page(saved, "export")):
        assert "no-store" in client.get(address).headers["Cache-Control"]


def test_queries_do_not_grow_with_the_rows(
    bring: Post, client: Client, django_assert_max_num_queries: object
) -> None:
    head = "device,model,quant,runtime,metric,value\n"
    bring(text=head + "RTX 4090,Qwen3-8B,Q4_K_M,llama.cpp,decode_tps,100\n" * 60, action="save")
    contribution = Contribution.objects.get()
    client.get(page(contribution))
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        client.get(page(contribution))
