"""Results of vLLM's bench serve are read; what they do not measure is refused with its reason."""

from __future__ import annotations

import json

from planner.contributions.parsers import read
from tests.contributions.samples import read_sample, sample


def entry(**changes: object) -> str:
    return json.dumps(json.loads(sample("vllm-serve.json")) | changes)


def test_one_result_gives_the_two_times() -> None:
    reading = read_sample("vllm-serve.json")
    assert reading.kind == "vllm_serve"
    first, between, throughput = reading.rows
    assert (first.fields["metric"], first.fields["value"]) == ("ttft_ms", "55.6813965")
    assert (between.fields["metric"], between.fields["value"]) == ("tpot_ms", "11.2045029")
    assert between.fields["stddev"] == "0.617529069"
    assert between.fields["batch"] == "2"  # max_concurrency
    assert between.fields["prompt_tokens"] == "32"  # 256 tokens of 8 requests
    assert between.fields["output_tokens"] == "16"
    assert between.fields["model"] == "facebook/opt-125m"
    assert between.fields["runtime"] == "vLLM"
    assert between.fields["source_date"] == "2026-08-16"
    assert "p99_tpot_ms=11.98" in between.fields["notes"]
    assert not ({"device", "quant"} & between.fields.keys())  # the file does not say them
    assert "prompts were read" in throughput.problems[0].reason


def test_drafted_tokens_are_told() -> None:
    row = read_sample("vllm-serve-speculative.json").rows[1]
    assert row.fields["speculative"] == "1"
    assert "speculative decoding on, acceptance length 3.16" in row.fields["notes"]


def test_a_run_without_answers_is_refused() -> None:
    (row,) = read_sample("vllm-serve-all-failed.json").rows
    assert row.problems[0].column == "completed"


def test_a_file_without_lengths_is_refused() -> None:
    (row,) = read_sample("vllm-serve-2025.json").rows
    assert row.problems[0].column == "total_input_tokens"
    assert "--save-result" in row.problems[0].reason


def test_concurrency_follows_from_rate_and_time_where_it_is_not_stated() -> None:
    # 4 requests a second that each write 101 tokens at 20 ms: 4 * 100 * 0.020 = 8 at a time
    told = {"max_concurrency": None, "request_rate": 4.0, "request_throughput": 4.0, "mean_tpot_ms": 20.0}
    rows = read(entry(**told, total_output_tokens=808)).rows
    assert rows[1].fields["batch"] == "8"
    assert "DERIVED" in rows[1].fields["notes"]
    assert rows[0].problems == ()


def test_all_requests_at_once_measure_the_queue() -> None:
    rows = read(entry(max_concurrency=None, request_rate="inf")).rows
    assert "--max-concurrency" in rows[0].problems[0].reason
    assert rows[1].problems == ()


def test_answers_of_one_token_have_no_time_between() -> None:
    rows = read(entry(total_output_tokens=8)).rows
    assert rows[0].problems == ()
    assert "answers of one token" in rows[1].problems[0].reason


def test_a_folder_on_the_server_is_shortened_to_the_name() -> None:
    rows = read(entry(model_id="/root/models/Meta-Llama-3-8B-Instruct/")).rows
    assert rows[0].fields["model"] == "Meta-Llama-3-8B-Instruct"


def test_the_server_behind_an_open_interface_is_asked_for() -> None:
    assert "runtime" not in read(entry(backend="openai", endpoint_type="openai")).rows[0].fields
    assert read(entry(backend="sglang")).rows[0].fields["runtime"] == "SGLang"


def test_several_results_line_by_line() -> None:
    text = entry() + "\n" + entry(model_id="Qwen/Qwen3-8B") + "\n"
    assert [row.number for row in read(text).rows] == [1, 1, 1, 2, 2, 2]
