"""A file is previewed with our prediction beside each value; nothing is stored; gaps and open names are asked for."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from planner.contributions.models import Contribution
from planner.contributions.parsers.rows import MAX_BYTES
from tests.contributions.conftest import Post, body
from tests.contributions.samples import sample

pytestmark = pytest.mark.django_db


def test_the_page_offers_text_and_file_and_asks_what_files_do_not_say(client: Client) -> None:
    response = client.get(reverse("contributions:index"))
    page = response.content.decode()
    assert response.status_code == 200
    for name in ("text", "file", "device", "device_count", "model", "quant", "runtime", "backend"):
        assert f'name="{name}"' in page
    assert "Nothing yet" in page
    assert "contributor" not in response.cookies  # looking sets no cookie


def test_each_measured_value_has_our_prediction_beside_it(bring: Post) -> None:
    response = bring("llama-bench.json")
    page = body(response)
    assert response.status_code == 200
    assert "2 measurements read" in page
    assert "Qwen2.5-7B" in page
    assert "NVIDIA GeForce RTX 4080" in page
    assert "119\N{NO-BREAK SPACE}tokens/s" in page
    ratios = [float(text) for text in re.findall(r"([\d.]+) of the prediction", page)]
    assert len(ratios) == 2
    assert all(
        0.4 < ratio < 2.5 for ratio in ratios
    )  # a common card and model, measured by the tool's authors
    assert page.count("inside") == 2
    assert not Contribution.objects.exists()


def test_an_uploaded_file_is_read_and_kept_for_the_next_step(bring: Post) -> None:
    file = SimpleUploadedFile("mine.json", sample("llama-bench.json"))
    page = body(bring(file=file, text="ignored"))
    assert "2 measurements read" in page
    assert "Qwen2.5-7B-Instruct-Q4_K_M.gguf" in page  # in the text field
    assert 'name="name" value="mine.json"' in page


def test_what_the_file_does_not_say_is_asked_for(bring: Post) -> None:
    page = body(bring("llama-bench-dgx-spark.md"))
    assert "0 measurements read, 7 rows refused" in page
    assert "the file does not say the device" in page
    assert 'value="save"' not in page
    answered = body(bring("llama-bench-dgx-spark.md", device="DGX Spark"))
    assert "6 measurements read, 1 row refused" in answered
    assert "DGX Spark" in answered
    assert "of the prediction" in answered


def test_vllm_is_asked_for_the_format_unless_the_model_carries_it(bring: Post) -> None:
    told = body(bring("vllm-serve-speculative.json", device="RTX 5090"))
    assert "2 measurements read, 1 row refused" in told  # Qwen3.8-27B-FP8
    assert "tokens were drafted ahead" in told
    text = sample("vllm-serve-speculative.json").decode().replace("-27B-FP8", "-27B")
    untold = body(bring(text=text, device="RTX 5090"))
    assert "the file does not say the weight format" in untold


def test_what_the_file_says_stays(bring: Post) -> None:
    page = body(bring("llama-bench.json", device="Apple M4", quant="F16", model="Llama-3.1-8B"))
    assert "NVIDIA GeForce RTX 4080" in page
    assert "Qwen2.5-7B" in page


def test_a_name_of_several_entries_offers_them(bring: Post) -> None:
    asked = body(bring("llama-bench-dgx-spark.md", device="NVIDIA H100"))
    assert 'value="device|NVIDIA H100"' in asked
    options = re.findall(r"<option[^>]*>(NVIDIA H100[^<]*)</option>", asked)
    assert len(options) == 3
    assert "no prediction" in asked
    sxm = next(option for option in options if "SXM" in option)
    chosen = body(
        bring(
            "llama-bench-dgx-spark.md", device="NVIDIA H100", open="device|NVIDIA H100", chosen=sxm, other=""
        )
    )
    assert "no prediction" not in chosen
    assert f"<option selected>{sxm}</option>" in chosen


def test_another_name_may_be_written_for_one_that_is_not_known(bring: Post) -> None:
    text = "device,model,quant,runtime,metric,value\nMy card,Qwen3-8B,Q4_K_M,llama.cpp,decode_tps,100\n"
    assert "no prediction" in body(bring(text=text))
    page = body(bring(text=text, open="device|My card", chosen="", other="RTX 3090"))
    assert "no prediction" not in page
    assert "RTX 3090" in page


def test_refused_rows_are_told_once_for_each_reason(bring: Post) -> None:
    rows = "".join(f"| llama 8B Q4_0 | CUDA | pp512+tg{n} | 800.00 ± 1.00 |\n" for n in (1, 2, 3))
    page = body(bring(text="| model | backend | test | t/s |\n| - | - | - | - |\n" + rows, device="RTX 4090"))
    assert page.count("-p and -n instead of -pg") == 1
    assert "Rows 3 to 5" in page


def test_long_files_come_in_pages(bring: Post) -> None:
    head = "device,model,quant,runtime,metric,value\n"
    text = head + "RTX 4090,Qwen3-8B,Q4_K_M,llama.cpp,decode_tps,100\n" * 120
    first, last = body(bring(text=text)), body(bring(text=text, page="3"))
    assert "120 measurements read" in first
    assert first.count("of the prediction") == 50
    assert last.count("of the prediction") == 20
    assert "Page 3 of 3" in last


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "paste what the tool printed"),
        ({"text": "hello"}, "none of the known kinds"),
        ({"text": "\x00\x01"}, "Null characters"),
        ({"text": "a\x01"}, "binary data"),
        ({"text": "x,y\n1,2\n"}, "none of the known kinds"),
        ({"text": "[]", "source_date": "yesterday"}, "not a date"),
        ({"text": "[]", "source_url": "javascript:alert(1)"}, "https://"),
        ({"text": "[]", "device_count": "many"}, "not a number"),
        ({"text": "[]", "device_count": "0"}, "not between"),
        ({"text": "[]", "note": "x" * 2001}, "at most 2000"),
    ],
)
def test_bad_input_gives_the_form_again_with_reasons(bring: Post, fields: dict[str, str], words: str) -> None:
    response = bring(**fields)
    assert response.status_code == 422
    assert words in body(response)
    assert 'name="device"' in body(response)
    if fields["text"].isprintable():
        assert fields["text"] in body(response)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    file = SimpleUploadedFile("big.json", b"x" * (MAX_BYTES + 300 * 1024))
    response = client.post(reverse("contributions:index"), {"file": file})
    assert response.status_code == 413
    assert "at most 2 MiB" in response.content.decode()


def test_text_is_never_taken_for_markup(bring: Post) -> None:
    text = (
        'device,model,metric,value\n<script>alert(1)</script>,"<img src=x onerror=alert(1)>",decode_tps,100\n'
    )
    page = body(bring(text=text, name="</textarea><script>"))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "</textarea><script>" not in page


def test_a_form_from_another_site_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(reverse("contributions:index"), {"text": "hello"}).status_code == 403
