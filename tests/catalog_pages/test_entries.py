"""The page of an entry shows every figure with its notes and sources, and what runs on it or where it runs."""

from __future__ import annotations

import html as html_module
import re

import pytest
from django.test import Client

from hardware_catalog.models import Device, FigureNote, LanguageModel, Machine, Measurement, Source
from planner.catalog_pages import well_known
from planner.engine.verdict import WORDS
from planner.figures import gib, rate, rate_range
from planner.plans.questions import Question
from planner.plans.services import answer

pytestmark = pytest.mark.django_db
CARD = "/devices/nvidia-geforce-rtx-4090/"
LAPTOP = "macbook-air-13-m4-10-core-gpu-16-gb"


def page_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return html_module.unescape(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def row_of(html: str, name: str) -> str:
    """The text of the table row that begins with ``name``."""
    found = re.search(rf'<tr>\s*<th scope="row">(?:<a [^>]+>)?{re.escape(name)}<.*?</tr>', html, re.DOTALL)
    assert found, name
    return text_of(found.group())


def test_a_device_shows_every_figure(client: Client) -> None:
    text = text_of(page_of(client, CARD))
    for figure in (
        "NVIDIA GeForce RTX 4090",
        "Graphics card by NVIDIA, Ada Lovelace, for desktop use, 2022",
        "Memory 24 GB",
        "Memory type GDDR6X",
        "Memory bandwidth 1,008 GB/s",
        "Compute FP32, vector units 82.6 TFLOPS",
        "Compute FP16, dense, FP32 accumulate 165 TFLOPS",
        "Compute FP4, dense unknown",
        "Link to the host per direction 32 GB/s",
        "Power rated 450 W",
        "Price at launch USD $1,599",
    ):
        assert figure in text


def test_a_device_shows_every_note_and_source_with_its_licence(client: Client) -> None:
    html = page_of(client, CARD)
    device = Device.objects.get(slug="nvidia-geforce-rtx-4090")
    notes = FigureNote.objects.filter(device=device)
    assert notes.exists()
    for note in notes:
        assert note.text.removeprefix("sources disagree: ") in html
    assert '<strong class="word">derived</strong>' in html
    sources = Source.objects.filter(citations__device=device)
    assert sources.count() == 3
    for source in sources:
        assert f'<a href="{source.url}" rel="noreferrer">' in html or not source.url
        assert source.citation.removeprefix("https://") in html
        assert source.licence_note in html
    assert (
        html.count('<strong class="word">unverified</strong>') == sources.filter(verified=False).count() == 1
    )


def test_what_runs_on_a_machine_is_what_its_whole_answers_say(client: Client) -> None:
    html = page_of(client, f"/machines/{LAPTOP}/")
    for slug in ("llama-3-2-3b", "gpt-oss-20b", "deepseek-r1"):
        model = LanguageModel.objects.get(slug=slug)
        whole = answer(Question(model=slug, machine=LAPTOP))
        row = row_of(html, model.name)
        assert f'href="/?machine={LAPTOP}&model={slug}"' in html
        assert WORDS[whole.verdict] in row
        assert whole.format_name in row
        assert gib(whole.need_bytes).replace("\N{NO-BREAK SPACE}", " ") in row
        if whole.decode_tps:
            assert f"{rate(whole.decode_tps.value)} {rate_range(whole.decode_tps)}" in row
    assert "does not fit" in row_of(html, "DeepSeek-R1")
    assert "fits" in row_of(html, "Llama-3.2-3B")


def test_where_a_model_runs_is_what_its_whole_answers_say(client: Client) -> None:
    html = page_of(client, "/models/qwen3-32b/")
    for _, slugs in well_known.MACHINES:
        machine = Machine.objects.get(slug=slugs[-1])
        whole = answer(Question(model="qwen3-32b", machine=machine.slug))
        row = row_of(html, machine.name)
        assert WORDS[whole.verdict] in row
        assert whole.format_name in row
        assert f'href="/?machine={machine.slug}&model=qwen3-32b"' in html


def test_everything_well_known_is_in_the_catalog() -> None:
    models = set(LanguageModel.objects.filter(withdrawn=False).values_list("slug", flat=True))
    machines = set(Machine.objects.filter(withdrawn=False).values_list("slug", flat=True))
    named = [slug for _, slugs in well_known.MACHINES for slug in slugs]
    assert set(well_known.MODELS) <= models
    assert set(named) <= machines
    assert len(set(named)) == len(named)
    sizes = [LanguageModel.objects.get(slug=slug).params_published for slug in well_known.MODELS]
    assert min(filter(None, sizes)) < 1e9
    assert max(filter(None, sizes)) > 1e12


def test_a_chip_with_several_memories_is_planned_with_the_one_chosen(client: Client) -> None:
    html = page_of(client, "/devices/apple-m4-max-40-core-gpu/?memory=128")
    assert '<a href="?memory=128#runs" aria-current="true">128 GB</a>' in html
    assert "/?machine=apple-m4-max-40-core-gpu&memory=128&model=gpt-oss-120b" in html
    whole = answer(Question(model="gpt-oss-120b", device="apple-m4-max-40-core-gpu", memory_gb=128.0))
    assert whole.format_name in row_of(html, "gpt-oss-120b")
    assert '<input type="hidden" name="memory" value="128">' in html
    smallest = page_of(client, "/devices/apple-m4-max-40-core-gpu/")
    assert "does not fit" in row_of(smallest, "gpt-oss-120b")


@pytest.mark.parametrize("size", ["100", "lots", "-1", "nan", "1e400", "%00"])
def test_a_memory_that_it_is_not_sold_with_is_said_to_be_wrong(client: Client, size: str) -> None:
    html = page_of(client, f"/devices/apple-m4-max-40-core-gpu/?memory={size}", status=422)
    assert "It is not sold with that much memory" in html


def test_a_device_whose_memory_is_not_stated_leads_to_its_machines(client: Client) -> None:
    html = page_of(client, "/devices/amd-epyc-7002-rome-1-socket/")
    assert "No source states the memory of this device by itself" in html
    assert 'class="wide runs"' not in html
    assert "/machines/amd-epyc-7002-rome-1-socket-256-gb/" in html


def test_a_device_lists_the_smallest_machines_with_it_and_links_to_all(client: Client) -> None:
    html = page_of(client, "/devices/nvidia-h100-sxm5-80-gb/")
    held = Machine.objects.filter(device__slug="nvidia-h100-sxm5-80-gb", withdrawn=False)
    assert held.count() >= 4
    for machine in held:
        assert f'href="/machines/{machine.slug}/"' in html


def test_a_machine_names_its_device_its_host_and_what_a_program_may_use(client: Client) -> None:
    html = page_of(client, "/machines/pc-with-2-x-rtx-3090-24-gb-64-gb-memory/")
    text = text_of(html)
    assert 'href="/devices/nvidia-geforce-rtx-3090/">2 × NVIDIA GeForce RTX 3090</a>' in html
    assert "Memory of each device 2 × 24 GB" in text
    assert "Host memory RAM beside the devices 64 GB" in text
    whole = answer(Question(model="qwen3-32b", machine="pc-with-2-x-rtx-3090-24-gb-64-gb-memory"))
    assert f"A program may use {gib(whole.limit_bytes)}".replace("\N{NO-BREAK SPACE}", " ") in text
    assert whole.limit_explanation in text


@pytest.mark.parametrize(
    ("slug", "figures"),
    [
        (
            "llama-3-1-8b",
            [
                "8,030,261,248",
                "Layers 32",
                "32 layers: the whole context, 32 heads share 8 of 128",
                "Longest context 131,072",
                "KV cache in F16, 8,192 tokens",
                "1.00 GiB",  # 2 x 32 layers x 8 heads x 128 x 2 bytes x 8,192 tokens
                "Licence llama3.1",
                "Released 2024-07-14",
            ],
        ),
        (
            "deepseek-r1",
            [
                "671,026,000,000",
                "36,700,000,000",
                "256, of which 8 work on each token",
                "61 layers: latent (MLA), 512 + 64 values a token",
            ],
        ),
        ("gemma-3-27b", ["52 layers: the last 1,024 tokens,", "10 layers: the whole context,"]),
        ("qwen3-6-27b", ["recurrent, a state of"]),
        ("ministral-3-8b", ["Parameters as published unknown"]),
    ],
)
def test_a_model_shows_its_published_architecture(client: Client, slug: str, figures: list[str]) -> None:
    text = text_of(page_of(client, f"/models/{slug}/"))
    for figure in figures:
        assert figure in text


def test_a_model_has_its_size_in_each_format(client: Client) -> None:
    html = page_of(client, "/models/llama-3-1-8b/")
    # sizes as published: https://huggingface.co/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF
    for name, published_gb in (("Q8_0", 8.54), ("Q6_K", 6.60), ("Q4_K_M", 4.92), ("IQ4_XS", 4.45)):
        shown = re.search(r"([\d.]+) GB", row_of(html, name))
        assert shown
        assert float(shown.group(1)) == pytest.approx(published_gb, rel=0.005)


def test_a_model_without_published_architecture_says_so(client: Client) -> None:
    html = page_of(client, "/models/grok-2/")
    assert "The architecture of this model is not published" in html
    assert "Architecture</th>" in re.sub(r"\s+<", "<", html)
    assert 'class="wide runs"' not in html


def test_measurements_are_counted_and_linked(client: Client) -> None:
    shown = Measurement.objects.filter(withdrawn=False)
    n_device = shown.filter(device__slug="nvidia-geforce-rtx-4090").count()
    n_model = shown.filter(language_model__slug="llama-3-1-8b").count()
    assert n_device > 100
    assert n_model > 100
    device, model = page_of(client, CARD), page_of(client, "/models/llama-3-1-8b/")
    assert (
        f'<a href="/measurements/?device=nvidia-geforce-rtx-4090">{n_device:,} published measurements'
        in device
    )
    assert f'<a href="/measurements/?model=llama-3-1-8b">{n_model:,} published measurements' in model
    assert client.get("/measurements/?device=nvidia-geforce-rtx-4090").status_code == 200
    assert client.get("/measurements/?model=llama-3-1-8b").status_code == 200


def test_an_unknown_entry_is_not_found_and_the_nearest_are_named(client: Client) -> None:
    html = page_of(client, "/models/llama-3-1-8/", status=404)
    assert "The catalog has no such language model" in html
    assert 'href="/models/llama-3-1-8b/"' in html


def test_a_withdrawn_entry_is_gone(client: Client) -> None:
    Device.objects.create(
        slug="left-card", name="Left Card", kind="gpu", vendor=Device.objects.first().vendor, withdrawn=True
    )
    assert "Left Card has left the catalog" in page_of(client, "/devices/left-card/", status=410)


@pytest.mark.parametrize(
    ("room", "model"), [("devices", Device), ("machines", Machine), ("models", LanguageModel)]
)
def test_every_kind_of_entry_has_its_page(
    client: Client, room: str, model: type[Device] | type[Machine] | type[LanguageModel]
) -> None:
    slugs = list(model.objects.order_by("slug").values_list("slug", flat=True))
    for slug in slugs[:: len(slugs) // 20]:
        html = page_of(client, f"/{room}/{slug}/")
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)|None", html), slug
        found = re.findall(r'\sid="([^"]+)"', html)
        assert len(found) == len(set(found)), slug


def test_the_answer_links_to_its_machine_and_model(client: Client) -> None:
    html = page_of(client, f"/?machine={LAPTOP}&model=llama-3-1-8b")
    assert f'href="/machines/{LAPTOP}/"' in html
    assert 'href="/models/llama-3-1-8b/"' in html
    assert 'in <a href="/formats/#q8-0">Q8_0</a> on' in html
    assert 'href="/devices/nvidia-geforce-rtx-4090/"' in page_of(
        client, "/?machine=rtx+4090&model=llama-3-1-8b"
    )
    assert "/devices//" not in page_of(client, "/?memory=24&bandwidth=500&model=llama-3-1-8b")
