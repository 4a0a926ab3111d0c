"""A sweep is asked on a page whose address holds the question; it is counted, refused with reasons, or started."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.http import QueryDict
from django.test import Client

from hardware_catalog.models import Machine
from planner.snapshot import current
from planner.sweeps.definition import Definition, Selection, of_json
from planner.sweeps.grid.sweep_grid import SweepGrid
from planner.sweeps.models import Sweep
from planner.sweeps.pages.examples import EXAMPLES
from planner.sweeps.pages.form import SweepForm, definition_query
from tests.sweeps.page_helpers import HTMX, LIVE, NEW, SMALL, body, shown, start

pytestmark = pytest.mark.django_db
MAC = "macbook-pro-14-m4-max-40-core-gpu-64-gb"


def asked(query: str) -> Definition:
    form = SweepForm(QueryDict(query), current())
    assert form.is_valid(), form.errors
    assert not form.is_wrong, form.reasons
    return form.definition()


def test_the_blank_page_says_what_is_to_be_chosen(client: Client) -> None:
    response = client.get(NEW)
    assert response.status_code == 200
    text = shown(response)
    assert "Choose at least one machine or device." in text
    assert "Choose at least one language model." in text
    assert "cannot be counted" not in text
    for name in (
        "machines",
        "devices",
        "models",
        "formats",
        "runtimes",
        "counts",
        "contexts",
        "users",
        "keep",
    ):
        assert f'name="{name}"' in body(response)
    assert "contributor" not in response.cookies  # looking makes nobody an owner


def test_the_count_is_the_grids(client: Client) -> None:
    query = f"{SMALL}&machines=where&machines-kind=mac&runtimes=all&users=1,+8&counts=1,+2"
    grid = SweepGrid.build(asked(query), current())
    text = shown(client.get(f"{NEW}?{query}"))
    assert f"{grid.n_plans:,} plans" in text
    assert len(grid.pruned) > 2
    for reason, number in grid.pruned:
        assert f"{reason[0].upper()}{reason[1:]} {number:,}" in text
    assert re.search(r"Kept about [\d,]+ rows Time (about \d+ s|less than a second) with \d+ process", text)
    assert re.search(r"Every plan [\d,]+ rows, about [\d.]+ [kM]B", text)  # each choice says what it takes


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.question)
def test_the_ready_questions_can_be_asked(client: Client, example: object) -> None:
    query = example.query  # type: ignore[attr-defined]
    assert asked(query) == example.definition  # type: ignore[attr-defined]
    response = client.get(f"{NEW}?{query}")
    assert response.status_code == 200
    assert "Start the sweep" in body(response)


def test_an_address_holds_every_definition() -> None:
    definition = Definition(
        machines=Selection(slugs=(MAC, "server-with-h100-sxm5-80-gb")),
        devices=Selection(where={"vendor": "NVIDIA", "memory": "24"}),
        counts=(1, 2, 8),
        models=Selection(all=True),
        formats=Selection(where={"family": "gguf", "bits_most": "5"}),
        kv_formats=("f16", "q8_0"),
        runtimes=Selection(slugs=("vllm/CUDA", "llama-cpp")),
        contexts_tokens=(100, 512, 131072),
        concurrency=(1, 64),
        prompt_tokens="full",
        output_tokens=1024,
        keep="best",
    )
    assert asked(definition_query(definition, "A name")) == definition
    usual = Definition(machines=Selection(all=True), models=Selection(slugs=("llama-3-1-8b",)))
    assert definition_query(usual) == "machines=all&model=llama-3-1-8b"
    assert asked(definition_query(usual)) == usual


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("contexts=lots", "“lots”: Write a number here, such as 32k."),
        ("contexts=", "Write at least one number."),
        ("contexts=8,192", "Is 8,192 one number, or several? Write 8192 or 8, 192."),
        ("counts=0", "“0”: This must be more than 0."),
        ("counts=10001", "This can be at most 10,000."),
        ("users=1.5", "Write a whole number here"),
        ("users=" + ",".join(map(str, range(1, 66))), "These are 65 numbers; at most 64 are taken."),
        ("prompt=-1", "This must be more than 0 tokens."),
        ("prompt=10k", "fits in none of these contexts"),
        ("machines=sideways", "in a way that we do not know"),
        ("machine=nope", "The catalog does not have “nope”."),
        ("devices=where&devices-memory=lots", "Write a number here, such as 24."),
        ("devices=where&devices-vendor=Nobody", "Nothing here is called that"),
        ("devices=where&devices-memory=99999", "No device passes these filters."),
        ("devices=where&devices-q=no-such-card", "No device passes these filters."),
        ("runtimes=list&runtime=vllm/Metal", "The catalog does not have “vllm/Metal”."),
        ("kv=", "Choose at least one."),
        ("kv=q99", "The catalog has no “q99”."),
        ("keep=sometimes", "Choose one of these."),
        ("name=" + "x" * 201, "A name has at most 200 characters."),
        ("name=%00", "a character that no name has"),
        ("colour=red", "asks for “colour”, which is no part of a sweep"),
        ("contxts=8k", "Did you mean “contexts”?"),
        ("counts=1&counts=2", "The address says this more than once. Keep one."),
        ("machines=all&machines=list", "machines: The address says this more than once. Keep one."),
        ("format=q4-k-m&formats=list&runtimes=list&runtime=mlx-lm", "combinations is possible"),
        (
            "machines=all&devices=all&counts=" + ",".join(map(str, range(1, 33))),
            "A sweep can have at most 65,536.",
        ),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(client: Client, query: str, reason: str) -> None:
    said = [pair.partition("=")[0] for pair in query.split("&")]
    rest = [pair for pair in SMALL.split("&") if pair.partition("=")[0] not in said]
    response = client.get(f"{NEW}?{'&'.join([*rest, query])}")
    assert response.status_code == 422, shown(response)
    assert reason in shown(response)
    assert "This cannot be counted yet" in shown(response)


def test_a_grid_beyond_all_bounds_is_refused_at_once(client: Client) -> None:
    numbers = ",".join(map(str, range(1, 65)))
    query = (
        "machines=all&devices=all&models=all&formats=all&runtimes=all&counts=1,2,3,4,5,6,7,8,9,10"
        f"&kv=f16,bf16,q8_0,q4_0&users={numbers}&contexts={numbers.replace(',', '000,+')}000&prompt=100"
    )
    response = client.get(f"{NEW}?{query}")
    assert response.status_code == 422
    assert "a sweep can have at most 100,000,000,000" in shown(response)


def test_too_many_names_for_an_address_are_refused(client: Client) -> None:
    slugs = ",".join(row.slug for row in current().rows.machines[:300])
    response = client.get(f"{NEW}?machine={slugs}&model=llama-3-1-8b")
    assert response.status_code == 422
    assert "too much for an address" in shown(response)


def test_what_was_typed_stays_with_its_reason(client: Client) -> None:
    html = body(client.get(f"{NEW}?{SMALL}&users=some&devices-memory=lots&find-models=abc"))
    assert re.search(r'id="users" name="users" value="some"[^>]* aria-invalid="true"', html)
    assert 'name="devices-memory" value="lots"' in html  # of a way that is not chosen: kept, and not judged
    assert html.count('aria-invalid="true"') == 1
    assert '<a href="#users">Users at once</a>' in html


def test_a_name_is_added_and_the_address_is_short_without_script(client: Client) -> None:
    response = client.get(f"{NEW}?{SMALL}&find-models=gpt-oss-20b&find-machines=&users=1&name=")
    assert response.status_code == 302
    assert response["Location"] == (
        f"{NEW}?device=nvidia-geforce-rtx-4090&model=llama-3-1-8b,gpt-oss-20b&contexts=4k,+8k#axis-models"
    )
    removed = client.get(f"{NEW}?{SMALL}&remove=models:llama-3-1-8b")
    assert removed["Location"] == f"{NEW}?device=nvidia-geforce-rtx-4090&contexts=4k,+8k#axis-models"


def test_a_name_of_several_entries_is_asked_back(client: Client) -> None:
    response = client.get(f"{NEW}?{SMALL}&find-models=deepseek-r1:8b")
    html = body(response)
    assert response.status_code == 422
    assert 'id="find-models" name="find-models" value="deepseek-r1:8b"' in html
    assert "can mean more than one language model" in shown(response)
    choice = "models:deepseek-r1-distill-llama-8b:models"
    assert f'name="take" value="{choice}"' in html
    taken = client.get(f"{NEW}?{SMALL}&find-models=deepseek-r1:8b&take={choice}")
    assert "model=llama-3-1-8b,deepseek-r1-distill-llama-8b&" in taken["Location"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("find-machines=AMD+Radeon+PRO+W7900", "is a device, not a machine. Take it as one?"),
        ("find-devices=2x+3090", "the rest is said under “How many of each”."),
        ("find-models=llama+3.1+8b+q4_k_m", "the rest is said under “Precisions”."),
        ("find-models=zzzz+no+such", "The catalog has no language model called “zzzz no such”."),
        ("find-devices=" + "x" * 500, "This is too long for a name."),
    ],
)
def test_a_name_that_says_something_else_is_not_taken_in_silence(
    client: Client, query: str, words: str
) -> None:
    response = client.get(f"{NEW}?{SMALL}&{query}")
    assert response.status_code == 422
    assert words in shown(response)


def test_programs_are_taken_with_their_backend(client: Client) -> None:
    response = client.get(f"{NEW}?{SMALL}&runtimes=list&find-runtimes=vllm+cuda")
    assert "runtime=vllm/CUDA" in response["Location"]


def test_while_typing_only_the_count_is_sent_and_half_typed_names_are_left_in_peace(client: Client) -> None:
    response = client.get(f"{NEW}?{SMALL}&find-models=gpt&users=1&name=", headers=LIVE)
    html = body(response)
    assert response.status_code == 200
    assert "<html" not in html
    assert 'class="big"' in html
    assert response["HX-Replace-Url"] == f"{NEW}?{SMALL}"
    assert 'id="models-found"' not in html
    assert 'id="models-tally" hx-swap-oob="innerHTML">1' in html
    assert re.search(r'id="contexts-note" [^>]*hx-swap-oob="true"></div>', html)
    assert "HX-Request" in response["Vary"]


def test_a_pressed_button_settles_names_in_place(client: Client) -> None:
    html = body(client.get(f"{NEW}?{SMALL}&find-models=gpt-oss-20b", headers=HTMX))
    assert '<input type="hidden" name="model" value="llama-3-1-8b,gpt-oss-20b">' in html
    assert 'data-taken="gpt-oss-20b"' in html
    assert 'aria-label="Remove gpt-oss-20b"' in html


def test_a_refusal_while_typing_is_a_fragment_and_the_address_keeps_what_was_typed(client: Client) -> None:
    response = client.get(f"{NEW}?{SMALL}&users=some", headers=LIVE)
    assert response.status_code == 200  # browsers print every other status of a fragment as an error
    assert "“some”: Write a number here" in shown(response)
    assert response["HX-Replace-Url"].endswith("&users=some")


def test_a_sweep_is_repeated_with_a_change(client: Client) -> None:
    sweep = start(client, f"{SMALL}&keep=all&name=My+own+name")
    response = Client().get(f"{NEW}?from={sweep.pk}")  # whoever has the address
    assert response["Location"] == (
        f"{NEW}?device=nvidia-geforce-rtx-4090&model=llama-3-1-8b&contexts=4096,+8192&keep=all&name=My+own+name"
    )
    unnamed = start(client)
    assert "name=" not in client.get(f"{NEW}?from={unnamed.pk}")["Location"]


def test_entries_that_have_left_the_catalog_are_named_and_kept(client: Client) -> None:
    other = Machine.objects.select_related("device").first()
    assert other is not None
    Machine.objects.create(
        slug="an-old-mac",
        name="An old Mac",
        category="mac",
        device=other.device,
        device_count=1,
        memory_gb=8,
        operating_system="macos",
        withdrawn=True,
    )
    sweep = start(client)
    Sweep.objects.filter(pk=sweep.pk).update(
        definition=sweep.definition | {"machines": {"slugs": ["an-old-mac", MAC]}}
    )
    response = client.get(f"{NEW}?from={sweep.pk}", follow=True)
    assert response.status_code == 422
    assert "The catalog no longer has “An old Mac”. Remove it here, or choose another." in shown(response)
    assert f'name="machine" value="an-old-mac,{MAC}"' in body(response)
    assert 'aria-label="Remove An old Mac"' in body(response)


@pytest.mark.parametrize("said", ["7f3b9a5e-0000-4000-8000-000000000000", "nonsense", ""])
def test_repeating_what_is_not_there_is_no_page(client: Client, said: str) -> None:
    assert client.get(f"{NEW}?from={said}").status_code == 404


def test_the_button_starts_the_sweep_for_this_browser(client: Client) -> None:
    response = client.post(NEW, {"device": "nvidia-geforce-rtx-4090", "find-models": "Llama-3.1-8B"})
    assert response.status_code == 303
    sweep = Sweep.objects.get()
    assert response["Location"] == f"/sweeps/{sweep.pk}/"
    assert response.cookies["contributor"]["httponly"]
    assert of_json(sweep.definition).models == Selection(slugs=("llama-3-1-8b",))
    assert sweep.name == "Llama-3.1-8B on NVIDIA GeForce RTX 4090"
    assert sweep.owner
    again = client.post(NEW, {"device": "nvidia-geforce-rtx-4090", "model": "llama-3-1-8b", "name": "Mine"})
    assert "contributor" not in again.cookies
    assert list(Sweep.objects.values_list("name", "owner").order_by("created")) == [
        (sweep.name, sweep.owner),
        ("Mine", sweep.owner),
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Something is still missing"),
        ({"machines": "all"}, "Choose at least one language model."),
        ({"machines": "all", "models": "all", "contexts": "lots"}, "“lots”: Write a number here"),
        ({"machines": "where", "models": "all"}, "Set a filter of the machines, or take all."),
        ({"find-machines": "4090", "models": "all"}, "can mean more than one machine"),
    ],
)
def test_what_cannot_be_started_is_told_and_nothing_is_made(
    client: Client, fields: dict[str, str], words: str
) -> None:
    response = client.post(NEW, fields)
    assert response.status_code == 422
    assert words in shown(response)
    for text in set(fields.values()) - {"all", "where"}:
        assert f'value="{text}"' in body(response)
    assert not Sweep.objects.exists()


def test_a_strangers_form_starts_nothing() -> None:
    strict = Client(enforce_csrf_checks=True)
    fields = {"device": "nvidia-geforce-rtx-4090", "model": "llama-3-1-8b"}
    assert strict.post(NEW, fields).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', body(strict.get(NEW)))
    assert token
    assert strict.post(NEW, fields | {"csrfmiddlewaretoken": token.group(1)}).status_code == 303


def test_a_results_folder_that_cannot_be_written_is_told(
    client: Client, settings: LazySettings, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("")
    settings.RESULTS_DIR = tmp_path / "a file"
    response = client.post(NEW, {"device": "nvidia-geforce-rtx-4090", "model": "llama-3-1-8b"})
    assert response.status_code == 409
    assert "The sweep was not started" in shown(response)
    assert "Results cannot be written" in shown(response)
    assert 'value="llama-3-1-8b"' in body(response)
    assert not Sweep.objects.exists()


@pytest.mark.parametrize(
    ("axis", "typed", "found"),
    [
        ("machines", "macbook pro m4 max", "MacBook Pro 14 (M4 Max, 40-core GPU) 64 GB"),
        ("devices", "4090", "NVIDIA GeForce RTX 4090"),
        ("models", "llama-3.1-8", "Llama-3.1-8B"),
        ("formats", "q4", "Q4_K_M"),
        ("runtimes", "vllm cu", "vLLM (CUDA)"),
        ("runtimes", "lama.cp", "llama.cpp"),
    ],
)
def test_names_are_offered_while_typing(client: Client, axis: str, typed: str, found: str) -> None:
    html = body(client.get(f"/sweeps/suggest/{axis}/", {f"find-{axis}": typed}))
    assert f'data-value="{found}"' in html


def test_names_are_offered_of_the_axes_only(client: Client) -> None:
    assert client.get("/sweeps/suggest/colours/").status_code == 404
    assert body(client.get("/sweeps/suggest/models/", {"find-models": "\0 "})).strip() == ""


def test_nothing_needs_inline_style_or_script_and_identifiers_are_unique(client: Client) -> None:
    html = body(client.get(f"{NEW}?{SMALL}&models=where&models-size_least=7"))
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", html)
    found = re.findall(r'\sid="([^"]+)"', html)
    assert len(found) == len(set(found))
    assert "None" not in html
