"""One outcome for every measurement: what stands in the way is named, what is not a plain run is not trusted."""

from __future__ import annotations

import pytest

from hardware_catalog.flags import COMPOSITE_RULES, FLAG_OF_RULE, NOTES, OTHER_SCOPE, judge
from hardware_catalog.measured import FIELD_OF_COLUMN, FLAGS
from hardware_catalog.outcomes import Outcome, OutcomeReader
from hardware_catalog.rows import CatalogRows
from hardware_catalog.trust import RULES

PLAIN = dict.fromkeys(FIELD_OF_COLUMN, "") | {
    "device": "NVIDIA GeForce RTX 4090",
    "model": "Llama-3.1-8B",
    "quant": "Q4_K_M",
    "runtime": "llama.cpp",
    "backend": "CUDA",
    "batch": "1",
    "prompt_tokens": "512",
    "metric": "decode_tps_per_seq",
    "value": "131.5",
    "notes": "llama-bench tg128",
}


@pytest.fixture(scope="module")
def reader(shipped: CatalogRows) -> OutcomeReader:
    return OutcomeReader(shipped)


def test_a_plain_run_is_resolved(reader: OutcomeReader) -> None:
    assert reader.read(PLAIN) == Outcome(
        device="nvidia-geforce-rtx-4090",
        language_model="llama-3-1-8b",
        weight_format="q4-k-m",
        runtime="llama-cpp",
        backend="CUDA",
    )


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({"device": "NVIDIA H100"}, "ambiguous", "device 'NVIDIA H100' may be: "),
        ({"model": "deepseek-r1:8b"}, "ambiguous", "model 'deepseek-r1:8b' may be: "),
        ({"device": "Voodoo 2"}, "not_in_catalog", "no device 'Voodoo 2' in the catalog"),
        ({"model": "Nobody-7B"}, "not_in_catalog", "no model 'Nobody-7B' in the catalog"),
        ({"device": ""}, "not_trusted", "the source names no device"),
        ({"backend": "CPU+CUDA"}, "composite", "several backends or links worked together"),
        ({"notes": "ngl 12; partial"}, "composite", "part of the model ran in host memory"),
        ({"n_cpu_moe": "20"}, "composite", "part of the model ran in host memory"),
        ({"n_gpu_layers": "20"}, "composite", "part of the model ran in host memory"),
        ({"device": "RTX 5090 + RTX 3080"}, "composite", "Several kinds of accelerator: "),
        ({"notes": "LIKELY MISLABELLED: 72 GPUs"}, "not_trusted", "the number of devices is probably not"),
        ({"notes": "EXPORT ARTIFACT: 8 GPUs"}, "not_trusted", "the source counts the devices otherwise"),
        ({"notes": "spec decoding (MTP): UNKNOWN in source"}, "not_trusted", "the source does not say"),
        ({"notes": "POWER CAP 200 W"}, "not_trusted", "the board's power was capped"),
        ({"batch": "8", "device_count": "4"}, "resolved", ""),
        ({"n_gpu_layers": "99"}, "resolved", ""),
    ],
)
def test_every_row_has_one_outcome_with_its_reason(
    reader: OutcomeReader, changes: dict[str, str], outcome: str, reason: str
) -> None:
    found = reader.read(PLAIN | changes)
    assert (found.outcome, found.reason[: len(reason)]) == (outcome, reason)
    assert bool(found.reason) == bool(reason)


def test_what_is_known_is_linked_although_something_else_is_not(reader: OutcomeReader) -> None:
    found = reader.read(PLAIN | {"model": "Nobody-7B"})
    assert (found.device, found.language_model) == ("nvidia-geforce-rtx-4090", "")
    found = reader.read(PLAIN | {"device": "Voodoo 2"})
    assert (found.device, found.language_model, found.weight_format) == ("", "llama-3-1-8b", "q4-k-m")


def test_a_size_in_memory_needs_no_device(reader: OutcomeReader) -> None:
    found = reader.read(PLAIN | {"device": "Voodoo 2", "metric": "memory_bytes"})
    assert (found.outcome, found.device) == ("resolved", "")


@pytest.mark.parametrize(
    ("notes", "flag"),
    [
        ("MTP on, spec-draft-n-max 2", "speculative"),
        ("memory cliff; does not fit", "offload"),
        ("POWER CAP 200 W", "power_cap"),
        ("laptop throttles after a minute", "thermal"),
        ("DERIVED batch*output/e2e latency", "derived"),
        ("AMBIGUOUS: total or output", "ambiguous"),
        ("LOW OUTLIER: 0.2x of the best run", "outlier"),
    ],
)
def test_flags_have_reasons(reader: OutcomeReader, notes: str, flag: str) -> None:
    assert reader.read(PLAIN).flags == {}
    assert list(reader.read(PLAIN | {"notes": notes}).flags) == [flag]
    assert len(reader.read(PLAIN | {"notes": notes}).flags[flag]) > 10


def test_what_is_taken_on_the_runs_behalf_is_flagged(reader: OutcomeReader) -> None:
    found = reader.read(PLAIN | {"device": "RTX 4060 Ti"})
    assert found.outcome == "resolved"
    assert "variant is not stated" in found.flags["ambiguous"]


def test_rows_that_only_judge_are_trusted() -> None:
    """A collector's tag that looks at the value itself would flatter the accuracy if it took rows away."""
    judged = judge(PLAIN | {"notes": "LOW OUTLIER: 0.2x of the best run"})
    assert judged.set_aside is not None
    assert judged.set_aside.name == "low_outlier"
    assert judged.distrust == ""


def test_the_rules_that_are_told_apart_exist() -> None:
    known = {rule.name for rule in RULES}
    assert known >= {*OTHER_SCOPE, *COMPOSITE_RULES, *FLAG_OF_RULE}
    assert {*FLAG_OF_RULE.values(), *(note.flag for note in NOTES)} - {""} <= set(FLAGS)
