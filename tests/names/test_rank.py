"""The type-ahead's order: exact, then prefix, then all words, then near names; newer first among equals."""

from __future__ import annotations

import time

import pytest

from hardware_catalog.names import NameIndex
from hardware_catalog.names.rank import Ranker, Searchable


def slugs(names: NameIndex, text: str, kind: str | tuple[str, ...], limit: int = 10) -> list[str]:
    return [entry.slug for entry in names.rank(text, kind, limit)]


ENTRIES = [
    Searchable("device", "old-card-9", "Old Card 9", 2010),
    Searchable("device", "card", "Card", 2000),
    Searchable("device", "card-9", "Card 9", 2015),
    Searchable("device", "card-9-plus", "Card 9 Plus", 2020),
    Searchable("device", "card-9-mini", "Card 9 Mini", 2018),
    Searchable("device", "new-card-9", "New Card 9", 2024),
    Searchable("device", "carl-9", "Carl 9", 2025),
    Searchable("model", "card-9-model", "Card 9 Model", 2026),
]


def test_exact_before_prefix_before_words_before_near_names() -> None:
    found = [entry.slug for entry in Ranker(ENTRIES).rank("card 9", ("device",))]
    assert found[:5] == ["card-9", "card-9-plus", "card-9-mini", "new-card-9", "old-card-9"]
    assert found[5:]  # then names that are only near
    assert set(found[5:]) <= {"card", "carl-9"}


def test_kinds_and_limit() -> None:
    ranker = Ranker(ENTRIES)
    assert [entry.slug for entry in ranker.rank("card 9 m", ("model",))] == ["card-9-model"]
    assert {entry.kind for entry in ranker.rank("card 9", ("device", "model"))} == {"device", "model"}
    assert len(ranker.rank("card 9", ("device",), 2)) == 2
    assert ranker.rank("card", (), 5) == []


def test_nothing_typed_offers_the_newest() -> None:
    assert [entry.year for entry in Ranker(ENTRIES).rank("", ("device",), 3)] == [2025, 2024, 2020]


@pytest.mark.parametrize(
    ("text", "kind", "first"),
    [
        ("RTX 4090", "device", "nvidia-geforce-rtx-4090"),
        ("rtx4090", "device", "nvidia-geforce-rtx-4090"),
        ("4090 laptop", "device", "nvidia-geforce-rtx-4090-laptop-gpu"),
        ("m2 max 38", "device", "apple-m2-max-38-core-gpu"),
        ("galaxy s24 ul", "device", "samsung-galaxy-s24-ultra"),
        ("qwen3 30b", "model", "qwen3-30b-a3b"),
        ("llama 3.1 8", "model", "llama-3-1-8b"),
        ("gpt-oss-20", "model", "gpt-oss-20b"),
        ("ud-q4", "format", "ud-q4-k-m"),
        ("q4_k_m", "format", "q4-k-m"),
        ("ik_", "runtime", "ik-llama-cpp"),
    ],
)
def test_what_is_typed_comes_first(names: NameIndex, text: str, kind: str, first: str) -> None:
    assert first in slugs(names, text, kind)[:2]


def test_a_slip_of_the_finger_still_finds(names: NameIndex) -> None:
    assert "nvidia-geforce-rtx-4090" in slugs(names, "gefroce rtx 4090", "device")
    assert "deepseek-v3" in slugs(names, "deepsek v3", "model")


def test_half_a_word_is_enough(names: NameIndex) -> None:
    assert all(slug.startswith("samsung-galaxy-s24") for slug in slugs(names, "galaxy s24", "device", 3))
    assert slugs(names, "zzzzzz", "device") == []


def test_a_page_can_search_at_every_key(names: NameIndex) -> None:
    names.rank("warm", ("device", "machine", "model"))
    texts = [
        "r",
        "rt",
        "rtx",
        "rtx ",
        "rtx 4",
        "rtx 40",
        "rtx 409",
        "rtx 4090",
        "macbook pro m3",
        "quantum leap",
    ]
    seconds = []
    for text in texts:
        begin = time.perf_counter()
        names.rank(text, ("device", "machine"))
        seconds.append(time.perf_counter() - begin)
    assert sorted(seconds)[len(seconds) // 2] < 0.1
