"""llama-bench's output is read in each of its formats and generations."""

from __future__ import annotations

import json

import pytest

from planner.contributions.parsers import read
from planner.contributions.parsers.llama_bench import file_stem, format_in_name, model_and_format
from tests.contributions.samples import read_sample, sample


def test_json_of_2025() -> None:
    reading = read_sample("llama-bench.json")
    prompt, output = reading.rows
    assert reading.kind == "llama_bench"
    assert reading.unit == "entry"
    assert prompt.problems == output.problems == ()
    assert prompt.fields["metric"] == "prefill_tps"
    assert prompt.fields["value"] == "7100.00216"
    assert prompt.fields["prompt_tokens"] == "512"
    assert output.fields["metric"] == "decode_tps_per_seq"
    assert output.fields["value"] == "118.881588"
    assert output.fields["stddev"] == "1.041811"
    assert output.fields["output_tokens"] == "128"
    assert output.fields["device"] == "NVIDIA GeForce RTX 4080"
    assert output.fields["device_count"] == "1"
    assert output.fields["backend"] == "CUDA"
    assert output.fields["model"] == "Qwen2.5-7B-Instruct-Q4_K_M"
    assert output.spare_model == "qwen2 7B"
    assert output.fields["quant"] == "Q4_K_M"
    assert output.fields["model_size_gib"] == "4.35591"  # 4,677,120,000 bytes
    assert output.fields["runtime"] == "llama.cpp"
    assert output.fields["runtime_version"] == "8cf427ff (5163)"
    assert output.fields["source_date"] == "2025-04-24"


def test_csv_and_json_of_the_same_tool_say_the_same() -> None:
    from_csv, from_json = read_sample("llama-bench.csv"), read_sample("llama-bench.json")
    assert [row.number for row in from_csv.rows] == [2, 3]
    assert [row.fields["value"] for row in from_csv.rows] == ["7285.67695", "119.915244"]
    for ours, theirs in zip(from_csv.rows, from_json.rows, strict=True):
        differing = {name for name in theirs.fields if ours.fields.get(name) != theirs.fields[name]}
        assert differing == {"value", "stddev"}


def test_json_lines_of_2023_name_the_backend_by_truth_values() -> None:
    rows = read_sample("llama-bench-2023.jsonl").rows
    assert [row.fields["backend"] for row in rows] == ["CUDA", "CUDA"]
    assert [row.fields["device"] for row in rows] == ["NVIDIA GeForce RTX 3090 Ti"] * 2
    assert [row.fields["model"] for row in rows] == [
        "llama 7B"
    ] * 2  # the file's name, ggml-model-q4_0, says nothing
    assert [row.fields["quant"] for row in rows] == ["Q4_0"] * 2
    assert [row.fields["value"] for row in rows] == ["2410.97404", "130.965708"]


def test_csv_whose_lines_do_not_fit_their_header_is_refused_line_by_line() -> None:
    for name, fields, header in (
        ("llama-bench-2023.csv", 27, 26),
        ("llama-bench-readme-short-of-a-value.csv", 41, 42),
    ):
        rows = read_sample(name).rows
        assert [row.number for row in rows] == [2, 3]
        assert all(f"{fields} fields, the header {header}" in row.problems[0].reason for row in rows)


def test_tables_of_several_runs_with_spaced_tests() -> None:
    rows = read_sample("llama-bench-readme.md").rows
    told = [(row.fields["metric"], row.fields["value"], row.fields["backend"]) for row in rows]
    assert told == [
        ("decode_tps_per_seq", "132.19", "CUDA"),
        ("decode_tps_per_seq", "82.17", "CUDA"),
        ("prefill_tps", "1436.51", "CUDA"),
        ("prefill_tps", "6.17", "CPU"),
        ("decode_tps_per_seq", "16.71", "CPU"),
        ("decode_tps_per_seq", "13.45", "CUDA"),
    ]
    assert rows[2].fields["n_batch"] == "128"
    assert "n_gpu_layers" not in rows[0].fields  # -1: all of them
    assert rows[5].fields["n_gpu_layers"] == "10"
    assert not any("device" in row.fields for row in rows)  # a table alone does not name it


def test_tables_with_depth_and_build_and_a_foreign_table_between() -> None:
    rows = read_sample("llama-bench-dgx-spark.md").rows
    assert "llama-batched-bench" in rows[0].problems[0].reason
    depths = [(row.fields["metric"], row.fields["ctx_depth"]) for row in rows[1:5]]
    assert depths == [
        ("prefill_tps", "0"),
        ("decode_tps_per_seq", "0"),
        ("prefill_tps", "4096"),
        ("decode_tps_per_seq", "4096"),
    ]
    assert {row.fields["runtime_version"] for row in rows[1:]} == {"2f68ce7cf (6918)"}
    assert rows[1].fields["quant"] == "MXFP4 MoE"
    assert rows[5].fields["model"] == "qwen3moe 30B.A3B"


def test_the_log_before_a_table_names_the_cards() -> None:
    one = read_sample("llama-bench-rocm.log").rows
    assert {row.fields["device"] for row in one} == {"AMD Radeon AI PRO R9700"}
    assert {row.fields["device_count"] for row in one} == {"1"}
    two = read_sample("llama-bench-vulkan-two-cards.log").rows
    assert {row.fields["device"] for row in two} == {"AMD Radeon AI PRO R9700 (RADV GFX1201)"}
    assert {row.fields["device_count"] for row in two} == {"2"}  # not the graphics inside the processor


def table(*rows: str, head: str = "model | backend | ngl | test | t/s") -> str:
    lines = [f"| {head} |", "| - | - | --: | - | - |", *(f"| {row} |" for row in rows)]
    return "\n".join(lines)


def test_a_mixed_test_is_refused_with_what_to_do() -> None:
    row = read(table("llama 8B Q4_0 | CUDA | 99 | pp512+tg128 | 800.00 ± 1.00")).rows[0]
    assert row.problems[0].column == "test"
    assert "-p and -n instead of -pg" in row.problems[0].reason


def test_mixed_results_in_json_are_refused_too() -> None:
    entry = {"model_type": "llama 8B Q4_0", "n_prompt": 512, "n_gen": 128, "avg_ts": 800.0}
    assert "-pg" in read(json.dumps([entry])).rows[0].problems[0].reason


def test_the_fork_times_the_output_after_a_prompt_alone() -> None:
    entry = {
        "model_type": "llama 8B Q4_0",
        "n_prompt": 4096,
        "n_gen": 128,
        "avg_ts": 55.0,
        "test": "tg128@pp4096",
    }
    row = read(json.dumps([entry | {"mla_attn": 3, "fused_moe": True}])).rows[0]
    assert row.problems == ()
    assert row.fields["runtime"] == "ik_llama.cpp"
    assert row.fields["metric"] == "decode_tps_per_seq"
    assert row.fields["ctx_depth"] == "4096"
    assert row.fields["prompt_tokens"] == "0"


def test_rates_that_stood_apart_for_some_weeks_of_2025() -> None:
    entries = [
        {
            "n_prompt": 512,
            "n_gen": 0,
            "avg_prompt_ts": 26420.25,
            "avg_gen_ts": 0.0,
            "model_type": "llama 1B Q8_0",
        },
        {
            "n_prompt": 0,
            "n_gen": 128,
            "avg_prompt_ts": 0.0,
            "avg_gen_ts": 467.93,
            "model_type": "llama 1B Q8_0",
        },
    ]
    assert [row.fields["value"] for row in read(json.dumps(entries)).rows] == ["26420.25", "467.93"]


@pytest.mark.parametrize(
    ("rate", "reason"),
    [
        ("0.00 ± 0.00", "the rate is 0"),
        ("nan ± nan", "not a measured value"),
        ("fast", "not a number"),
        ("12,5 ± 0,1", "decimal comma"),
        ("-3.0 ± 1.0", "not between"),
        ("", "not a number"),
    ],
)
def test_rates_that_are_none(rate: str, reason: str) -> None:
    row = read(table(f"llama 8B Q4_0 | CUDA | 99 | tg128 | {rate}")).rows[0]
    assert reason in row.problems[0].reason
    assert row.problems[0].column == "t/s"


@pytest.mark.parametrize("mark", ["±", "+/-", "+-", "Â±", "┬▒"])
def test_the_plus_minus_sign_as_terminals_mangle_it(mark: str) -> None:
    row = read(table(f"llama 8B Q4_0 | CUDA | 99 | tg128 | 130.50 {mark} 0.25")).rows[0]
    assert (row.fields["value"], row.fields["stddev"]) == ("130.5", "0.25")


def test_a_row_with_missing_cells_is_refused() -> None:
    row = read(table("llama 8B Q4_0 | CUDA | tg128 | 130.50 ± 0.25")).rows[0]
    assert "4 cells, the header 5" in row.problems[0].reason


def test_several_equal_cards_are_counted_and_different_ones_named() -> None:
    entry = {"model_type": "llama 70B Q4_0", "n_prompt": 0, "n_gen": 128, "avg_ts": 20.0, "backends": "CUDA"}
    equal = entry | {"gpu_info": "NVIDIA GeForce RTX 3090, NVIDIA GeForce RTX 3090"}
    assert read(json.dumps([equal])).rows[0].fields["device_count"] == "2"
    alone = equal | {"split_mode": "none"}
    assert read(json.dumps([alone])).rows[0].fields["device_count"] == "1"
    by_rows = equal | {"split_mode": "row"}
    assert read(json.dumps([by_rows])).rows[0].fields["parallelism"] == "TP2"
    mixed = entry | {"gpu_info": "NVIDIA GeForce RTX 3090, NVIDIA GeForce RTX 4090"}
    fields = read(json.dumps([mixed])).rows[0].fields
    assert fields["device"] == "NVIDIA GeForce RTX 3090 + NVIDIA GeForce RTX 4090"
    assert "device_count" not in fields
    chosen = mixed | {"devices": "CUDA1"}
    assert read(json.dumps([chosen])).rows[0].fields["device"] == "NVIDIA GeForce RTX 4090"


def test_without_layers_on_the_card_both_processors_are_named() -> None:
    entry = {"model_type": "llama 8B Q4_0", "n_prompt": 0, "n_gen": 128, "avg_ts": 8.0, "n_gpu_layers": 0}
    machine = {
        "cpu_info": "AMD Ryzen 7 7800X3D",
        "gpu_info": "NVIDIA GeForce RTX 4080",
        "backends": "CUDA,BLAS",
    }
    fields = read(json.dumps([entry | machine])).rows[0].fields
    assert fields["backend"] == "CPU+CUDA"
    assert fields["device"] == "AMD Ryzen 7 7800X3D + NVIDIA GeForce RTX 4080"


def test_notes_tell_what_the_trust_rules_look_for() -> None:
    entry = {
        "model_type": "gpt-oss 120B MXFP4 MoE",
        "n_prompt": 0,
        "n_gen": 128,
        "avg_ts": 30.0,
        "backends": "CUDA",
    }
    notes = read(json.dumps([entry | {"n_cpu_moe": 24, "no_kv_offload": True}])).rows[0].fields["notes"]
    assert "n-cpu-moe=24" in notes
    assert "partial offload: the KV cache stays in host memory" in notes


def test_a_run_that_was_cut_off_keeps_its_whole_entries() -> None:
    text = sample("llama-bench.json").decode()
    rows = read(text[: text.rindex('"avg_ns"')]).rows
    assert [bool(row.problems) for row in rows] == [False, True]
    assert "not whole" in rows[1].problems[0].reason
    assert rows[1].number == 2


def test_log_lines_around_json_do_no_harm() -> None:
    log = (
        "ggml_cuda_init: found 1 CUDA devices:\n  Device 0: NVIDIA GeForce RTX 4080, compute capability 8.9\n"
    )
    assert len(read(log + sample("llama-bench.json").decode() + "\n$ ").rows) == 2


@pytest.mark.parametrize(
    ("described", "parts"),
    [
        ("llama 8B Q4_K - Medium", ("llama 8B", "Q4_K_M")),
        ("llama 7B mostly Q4_0", ("llama 7B", "Q4_0")),
        ("gpt-oss 120B MXFP4 MoE", ("gpt-oss 120B", "MXFP4 MoE")),
        ("qwen3moe 30B.A3B Q8_0", ("qwen3moe 30B.A3B", "Q8_0")),
        ("llama 1B IQ4_XS - 4.25 bpw", ("llama 1B", "IQ4_XS")),
        ("mistral3 14B BF16", ("mistral3 14B", "BF16")),
        ("llama 70B Q2_K - Small (guessed)", ("llama 70B", "Q2_K_S")),
        ("gemma3 27B Q6_K", ("gemma3 27B", "Q6_K")),
        ("llama 8B all F32", ("llama 8B", "F32")),
        ("llama 8B", ("llama 8B", "")),
    ],
)
def test_descriptions_of_models(described: str, parts: tuple[str, str]) -> None:
    assert model_and_format(described) == parts


@pytest.mark.parametrize(
    ("path", "stem", "file_format"),
    [
        ("models/Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Qwen2.5-7B-Instruct-Q4_K_M", "Q4_K_M"),
        (r"C:\llm\gpt-oss-20b-mxfp4.gguf", "gpt-oss-20b-mxfp4", "mxfp4"),
        ("/m/Qwen3-8B-UD-Q4_K_XL-00001-of-00002.gguf", "Qwen3-8B-UD-Q4_K_XL", "UD-Q4_K_XL"),
        ("models/7B/ggml-model-q4_0.gguf", "", ""),
        ("Llama-3.1-8B.gguf", "Llama-3.1-8B", ""),
    ],
)
def test_names_of_model_files(path: str, stem: str, file_format: str) -> None:
    assert file_stem(path) == stem
    assert format_in_name(stem) == file_format
