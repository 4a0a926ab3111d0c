"""``manage.py plan``: names as people write them, text and JSON, refusals in one line."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("plan", *arguments, stdout=out)
    return out.getvalue()


def test_it_answers_in_words() -> None:
    text = run("--device", "4090", "--model", "llama 3.1 8b", "--format", "q4_k_m")
    assert text.startswith("Yes. It fits with")
    assert "NVIDIA GeForce RTX 4090" in text
    assert "longest context that fits: 131,072 tokens" in text


def test_json_holds_the_whole_answer() -> None:
    found = json.loads(run("--device", "mac studio m3 ultra 512gb", "--model", "deepseek r1 671b", "--json"))
    assert found["verdict"] == "fits"
    assert {
        "need_bytes",
        "limit_bytes",
        "decode_tps",
        "formats",
        "contexts",
        "steps",
        "snapshot",
    } <= found.keys()
    assert set(found["decode_tps"]) == {"value", "low", "high"}


def test_what_the_names_say_beside_the_entry_counts() -> None:
    pair = json.loads(run("--device", "2x 3090", "--model", "llama 3.3 70b q4_k_m", "--json"))
    assert pair["device_count"] == 2
    assert pair["format_name"] == "Q4_K_M"
    halo = json.loads(run("--device", "Strix Halo 128 GB", "--model", "gpt-oss:120b", "--json"))
    assert halo["capacity_bytes"] == 128 * 2**30


def test_options_are_passed_on() -> None:
    found = json.loads(
        run(
            *("--device", "RTX 3060 12GB", "--count", "2", "--model", "qwen3-8b", "--format", "q8_0"),
            *("--context", "16384", "--concurrency", "2", "--kv-format", "q8_0", "--json"),
        )
    )
    assert (found["device_count"], found["context_tokens"], found["concurrency"]) == (2, 16384, 2)
    assert found["kv_format_name"] == "Q8_0"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "m3 max", "--model", "qwen3-8b"), "Apple M3 Max (40-core GPU)"),
        (("--device", "4090", "--model", "deepseek-r1:8b"), "DeepSeek-R1-Distill-Llama-8B"),
        (("--device", "nosuchthing", "--model", "qwen3-8b"), "the catalog has no 'nosuchthing'"),
        (("--device", "4090", "--model", "qwen3-8b", "--context", "9999999"), "--context: "),
        (("--device", "4090", "--model", "qwen3-8b", "--memory", "0"), "--memory"),
        (("--device", "7900 XTX", "--model", "qwen3-8b", "--runtime", "mlx"), "--runtime: "),
    ],
)
def test_refusals_say_what_to_do(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said.replace("(", r"\(").replace(")", r"\)")):
        run(*arguments)
