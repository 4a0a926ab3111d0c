"""Names that leave something open: candidates are listed, and taken only where their figures agree."""

from __future__ import annotations

import pytest

from hardware_catalog.names import NameIndex


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Apple M3 Max", {"apple-m3-max-30-core-gpu", "apple-m3-max-40-core-gpu"}),
        ("Apple M4 Max", {"apple-m4-max-32-core-gpu", "apple-m4-max-40-core-gpu"}),
        ("NVIDIA H100", {"nvidia-h100-pcie-80-gb", "nvidia-h100-sxm5-80-gb", "nvidia-h100-nvl-94-gb"}),
        ("NVIDIA H100 80GB", {"nvidia-h100-pcie-80-gb", "nvidia-h100-sxm5-80-gb"}),
        ("Jetson AGX Orin", {"nvidia-jetson-agx-orin-32-gb", "nvidia-jetson-agx-orin-64-gb"}),
    ],
)
def test_bins_with_other_figures_are_asked_back(names: NameIndex, text: str, candidates: set[str]) -> None:
    found = names.resolve_device(text)
    assert found.status == "ambiguous"
    assert not found.answerable
    assert found.slug == ""
    assert {slug for slug, _ in found.candidates} == candidates
    assert found.reason


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Apple M3 Max 36GB", "apple-m3-max-30-core-gpu"),
        ("Apple M3 Max 128GB", "apple-m3-max-40-core-gpu"),
        ("M3 Max 14-core CPU", "apple-m3-max-30-core-gpu"),
        ("M3 Max 12P+4E", "apple-m3-max-40-core-gpu"),
        ("M3 Max 16/40", "apple-m3-max-40-core-gpu"),
        ("M2 Ultra 76 core", "apple-m2-ultra-76-core-gpu"),
        ("A100 PCIe 40GB", "nvidia-a100-pcie-40-gb"),
        ("3080 12", "nvidia-geforce-rtx-3080-12-gb"),
        ("V100 SXM2 32", "nvidia-tesla-v100-sxm2-32-gb"),
        ("Jetson AGX Orin 64GB", "nvidia-jetson-agx-orin-64-gb"),
    ],
)
def test_what_the_text_adds_decides(names: NameIndex, text: str, slug: str) -> None:
    found = names.resolve_device(text)
    assert (found.status, found.slug) == ("ok", slug)


def test_what_the_asker_knows_decides(names: NameIndex) -> None:
    assert names.resolve_device("Apple M3 Max", bandwidth_gbs=300).slug == "apple-m3-max-30-core-gpu"
    assert names.resolve_device("Apple M3 Max", memory_gb=36).slug == "apple-m3-max-30-core-gpu"
    assert names.resolve_device("NVIDIA H100 80GB", bandwidth_gbs=3350).slug == "nvidia-h100-sxm5-80-gb"
    # nvidia-smi reads 15.99 GiB of a 16 GB card
    assert names.resolve_device("RTX 4060 Ti", memory_gb=15.99).slug == "nvidia-geforce-rtx-4060-ti-16-gb"
    assert names.resolve_device("V100 SXM2", memory_gb=32).slug == "nvidia-tesla-v100-sxm2-32-gb"


def test_a_hint_never_overrides_what_the_text_says(names: NameIndex) -> None:
    assert names.resolve_device("Apple M3 Max 36GB", memory_gb=128).slug == "apple-m3-max-30-core-gpu"
    assert names.resolve_device("RTX 4090", bandwidth_gbs=100).slug == "nvidia-geforce-rtx-4090"


def test_entries_that_differ_in_memory_only_are_answerable(names: NameIndex) -> None:
    found = names.resolve_device("RTX 4060 Ti")
    assert (found.status, found.figures_agree, found.answerable) == ("ambiguous", True, True)
    assert found.slug == "nvidia-geforce-rtx-4060-ti-8-gb"
    assert len(found.candidates) == 2


def test_bins_that_agree_are_taken_with_their_candidates(names: NameIndex) -> None:
    found = names.resolve_device("Apple M2 Max 64GB")
    assert (found.status, found.figures_agree) == ("ok", True)
    assert {slug for slug, _ in found.candidates} == {"apple-m2-max-30-core-gpu", "apple-m2-max-38-core-gpu"}


def test_another_memory_points_to_the_laptop_part(names: NameIndex) -> None:
    found = names.resolve_device("RTX 4090 16GB")
    assert found.status == "ambiguous"
    assert not found.answerable
    assert found.candidates[0][0] == "nvidia-geforce-rtx-4090-laptop-gpu"


def test_twice_the_memory_is_a_modified_card(names: NameIndex) -> None:
    found = names.resolve_device("RTX 4090 48GB")
    assert (found.status, found.memory_gb, found.memory_unlisted) == ("ok", 48.0, True)


def test_a_chip_is_any_device_with_it(names: NameIndex) -> None:
    found = names.resolve_device("Snapdragon 8 Gen 3")
    assert (found.status, found.answerable) == ("ambiguous", True)
    assert len(found.candidates) > 5
    assert "samsung-galaxy-s24-ultra" in {slug for slug, _ in found.candidates}


def test_active_parameters_must_fit(names: NameIndex) -> None:
    assert names.resolve_model("gpt-oss-20b-A3.6B").slug == "gpt-oss-20b"
    assert names.resolve_model("Qwen3-30B-A3B").slug == "qwen3-30b-a3b"
    assert names.resolve_model("Qwen3-30B-A9B").slug == ""
    assert names.resolve_model("gpt-oss-20b-A9B").slug == ""


def test_models_with_other_shapes_are_asked_back(names: NameIndex) -> None:
    for text in ("deepseek-r1:8b", "gemma 27b", "Qwen-7B", "Qwen 14B", "Mistral Small", "llama3.1"):
        found = names.resolve_model(text)
        assert (found.status, found.slug, found.answerable) == ("ambiguous", "", False), text
        assert found.candidates, text
    assert {slug for slug, _ in names.resolve_model("deepseek-r1:8b").candidates} == {
        "qwen3-8b",
        "deepseek-r1-distill-llama-8b",
    }


def test_generations_of_the_same_shapes_are_answerable(names: NameIndex) -> None:
    found = names.resolve_model("Llama 8B")
    assert (found.status, found.figures_agree, found.answerable) == ("ambiguous", True, True)
    assert {slug for slug, _ in found.candidates} == {"llama-3-8b", "llama-3-1-8b"}


def test_a_platform_without_its_memory_is_asked_back(names: NameIndex) -> None:
    found = names.resolve_device("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz")
    assert (found.status, found.processor) == ("ambiguous", "cpu")
    assert len(found.candidates) == 2
    told = names.resolve_device("Intel Core i7-1165G7 (LPDDR4X-4267)")
    assert told.status == "ok"
    assert "lpddr4x" in told.slug
