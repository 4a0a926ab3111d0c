"""Any text at all gets an answer: names come from forms, logs and files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_catalog.names import NameIndex, Resolution
from hardware_catalog.names.normalise import MAX_LENGTH, clean, key
from hardware_catalog.rows import CatalogRows, DeviceRow

STATUSES = {"ok", "ambiguous", "composite", "not_in_catalog", "not_stated"}
PIECES = st.sampled_from(
    [
        *(
            "RTX",
            "4090",
            "3090",
            "GTX",
            "RX",
            "7900",
            "XTX",
            "Ti",
            "SUPER",
            "Laptop",
            "Max-Q",
            "24GB",
            "0 GB",
            "2x",
        ),
        *(
            "x4",
            "0x",
            "dual",
            "+",
            "&",
            ",",
            "(",
            ")",
            "[",
            "]",
            "/",
            "with",
            "and",
            "EPYC 9354",
            "Ryzen 9 5950X",
        ),
        *(
            "12x DDR5-6400",
            "0x DDR4",
            "Apple",
            "M3",
            "Max",
            "Ultra",
            "40-core GPU",
            "10P+4E",
            "16/40",
            "H100",
            "SXM",
        ),
        *(
            "Llama",
            "3.1",
            "8B",
            "70b",
            "Qwen3",
            "30B-A3B",
            ":",
            "-",
            "Q4_K_M",
            "GGUF",
            "4.0bpw",
            "exl3",
            "FP8",
            "mix",
        ),
        *(
            "llama.cpp",
            "b5000",
            "vLLM",
            "0.11.0",
            "CUDA",
            "CPU",
            "K:q8_0",
            "V:f16",
            "unsloth/",
            ".gguf",
            "²",
            "½",
            "１",
        ),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="0123456789.xXgGbB +-/()", max_size=400),
    st.lists(PIECES, max_size=9).map(" ".join),
    st.lists(PIECES, max_size=6).map("".join),
)
ODD = [
    "",
    " ",
    "\x00",
    "RTX 4090\x00",
    "9" * 300,
    "9" * 300 + "x RTX 4090",
    "RTX 4090 x" + "9" * 300,
    "1e308 GB",
    "😀",
    "RTX 4090 😀",
    "ＲＴＸ ４０９０",
    "\ud800",
    "(" * 500,
    ")" * 500,
    "[(" * 200 + "RTX 4090",
    "a/" * 300,
    "0x RTX 4090 0 GB",
    "²x RTX 3090",
    "٣x RTX 3090",
    "M3 Max ١٦-core",
    "-",
    "+ + +",
    "/ / /",
    "x",
    "\u202eRTX 4090",
    "İ" * 200,
    "ß" * 400,
    "a" * 100_000,
    "RTX " * 20_000,
    "1 " * 5_000,
    "q4_k_m" * 1_000,
]


def every_answer(names: NameIndex, text: str) -> list[Resolution]:
    return [
        names.resolve_device(text),
        names.resolve_device(text, memory_gb=24.0, bandwidth_gbs=936.0, backend=text),
        names.resolve_machine(text),
        names.resolve_machine_or_device(text),
        names.resolve_model(text),
        names.resolve_format(text),
        names.resolve_format(text, model="deepseek-v3", runtime="rkllm"),
        names.resolve_kv_format(text),
        names.resolve_runtime(text),
        names.resolve_backend(text),
    ]


def check(names: NameIndex, shipped: CatalogRows, text: str) -> None:
    known = {
        "device": {row.slug for row in shipped.devices},
        "machine": {row.slug for row in shipped.machines},
        "model": {row.slug for row in shipped.models},
        "format": {row.slug for row in shipped.formats},
        "kv_format": {row.slug for row in shipped.kv_formats},
        "runtime": {row.slug for row in shipped.runtimes},
    }
    for found in every_answer(names, text):
        assert found.status in STATUSES
        assert found.text == text or found.kind == "device"
        if found.kind == "backend":
            continue
        assert found.slug == "" or found.slug in known[found.kind]
        assert {slug for slug, _ in found.candidates} <= known[found.kind]
        assert found.answerable <= bool(found.slug)
        if found.status in ("not_in_catalog", "not_stated"):
            assert found.slug == ""
            assert found.reason
        if found.status == "ambiguous":
            assert found.candidates
            assert found.reason
        for number in (found.count, found.memory_gb, found.bandwidth_bytes_per_s, found.bits_per_weight):
            assert number is None or 0 < number < 1e18


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(names: NameIndex, shipped: CatalogRows, text: str) -> None:
    check(names, shipped, text)
    names.rank(text, ("device", "machine", "model"))


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_any_text(names: NameIndex, shipped: CatalogRows, text: str) -> None:
    check(names, shipped, text)


@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_any_text_is_ranked(names: NameIndex, text: str) -> None:
    found = names.rank(text, ("device", "model", "format"), 7)
    assert len(found) <= 7
    assert len({(entry.kind, entry.slug) for entry in found}) == len(found)


@settings(max_examples=400, deadline=None)
@given(text=st.one_of(TEXTS, st.text(max_size=600)))
def test_normal_forms_are_final(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert key(key(text)) == key(text)
    assert len(cleaned) <= MAX_LENGTH
    assert cleaned.isascii()
    assert cleaned == cleaned.lower()


SPELLINGS: list[Callable[[DeviceRow], str]] = [
    lambda row: row.name.upper(),
    lambda row: row.name.lower(),
    lambda row: f"  {row.name}\t",
    lambda row: row.name.replace(" ", "  "),
    lambda row: row.name.replace("-", "\u2011"),
    lambda row: row.slug.replace("-", "_"),
    lambda row: row.slug.upper(),
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=range(len(SPELLINGS)))
def test_spelling_does_not_matter(
    names: NameIndex, shipped: CatalogRows, spelling: Callable[[DeviceRow], str]
) -> None:
    wrong = [row.slug for row in shipped.devices if names.resolve_device(spelling(row)).slug != row.slug]
    assert wrong == []
