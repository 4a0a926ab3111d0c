"""Results of vLLM's `bench serve`: one object for each run of the client.

Fields: https://github.com/vllm-project/vllm/blob/main/vllm/benchmarks/serve.py. Times to the first token and between
tokens become measurements. The output throughput does not: it counts the time in which prompts were read, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planner.contributions.parsers.columns import SHORT
from planner.contributions.parsers.figures import figure, plain, within
from planner.contributions.parsers.rows import ParsedRow, Problem, Reading, check_row_count, one_problem
from planner.contributions.parsers.values import Entries, flat

KIND = "vllm_serve"
KIND_NAME = "vLLM bench serve, JSON"

# The client's name of the server that it asks -> the runtime. "openai" is any server with that interface.
_RUNTIMES: Mapping[str, str] = {
    "vllm": "vLLM",
    "vllm-chat": "vLLM",
    "sglang": "SGLang",
    "sglang-native": "SGLang",
    "sglang-oai": "SGLang",
    "sglang-oai-chat": "SGLang",
    "tensorrt-llm": "TensorRT-LLM",
    "trt": "TensorRT-LLM",
    "lmdeploy": "LMDeploy",
    "llama.cpp": "llama.cpp",
}
_QUEUED = "all requests were sent at once, so this is mostly time in a queue: run with --max-concurrency to measure it"
_THROUGHPUT = (
    "the output throughput counts the time in which prompts were read, too; the time per output token of this run "
    "is taken instead"
)


def is_result(entry: object) -> bool:
    """Whether an object is a result of a serving benchmark."""
    return isinstance(entry, dict) and any(
        f"{mean}_{what}_ms" in entry for mean in ("mean", "median") for what in ("ttft", "tpot", "e2el")
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """The figures of one run that its rows share."""

    raw: Mapping[str, str]
    prompt: int
    output: int
    concurrency: int
    queued: bool  # more requests were sent at once than the server works on
    derived: str  # how the concurrency was found where it is not stated


def read_entries(entries: Entries) -> Reading:
    """The rows of one or several results."""
    check_row_count(3 * len(entries.objects))
    rows: list[ParsedRow] = []
    for number, entry in enumerate(entries.objects, start=1):
        raw = flat(entry)
        if raw is None or not is_result(entry):
            rows.append(
                one_problem(number, "mean_tpot_ms", "the entry is not a result of vLLM's bench serve")
            )
            continue
        rows.extend(_rows(number, raw))
    if entries.broken:
        rows.append(one_problem(len(entries.objects) + 1, "JSON", entries.broken))
    return Reading(KIND, KIND_NAME, "entry", tuple(rows))


def _rows(number: int, raw: Mapping[str, str]) -> Iterator[ParsedRow]:
    try:
        run = _run(raw)
    except ValueError as error:
        column, _, _ = str(error).partition(":")
        yield one_problem(number, column, str(error))
        return
    yield _row(number, run, "ttft_ms", "ttft")
    yield _row(number, run, "tpot_ms", "tpot")
    if "output_throughput" in raw:
        yield one_problem(number, "output_throughput", _THROUGHPUT)


def _number(raw: Mapping[str, str], name: str, *, low: float = 0.0, high: float = 1e12) -> float | None:
    text = raw.get(name, "").strip()
    if not text or text in ("inf", "None"):
        return None
    try:
        return within(figure(text), low, high)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _run(raw: Mapping[str, str]) -> _Run:
    """Raises ``ValueError`` where the run gives no measurement at all."""
    completed = _number(raw, "completed")
    if completed == 0:
        raise ValueError("completed: no request was answered; look at the server's log and run again")
    inputs, outputs = _number(raw, "total_input_tokens"), _number(raw, "total_output_tokens")
    if not completed or inputs is None or outputs is None:
        raise ValueError(
            "total_input_tokens: the file does not say how long prompts and answers were "
            "(completed, total_input_tokens, total_output_tokens): use the file that --save-result writes"
        )
    prompt, output = round(inputs / completed), round(outputs / completed)
    stated = _number(raw, "max_concurrency", low=1) or _number(raw, "multi_turn_concurrency", low=1)
    rate = _number(raw, "request_rate")
    if stated and rate is None:
        return _Run(raw, prompt, output, round(stated), False, "")
    # Little's law: answers being written = requests a second times the seconds that writing each takes
    done, between = _number(raw, "request_throughput"), _mean(raw, "tpot")
    if done is None or between is None:
        raise ValueError("max_concurrency: not stated, and it cannot be derived: run with --max-concurrency")
    under_way = max(round(done * between * max(output - 1, 0) / 1e3), 1)
    derived = "concurrency DERIVED as request_throughput x mean TPOT x output tokens (Little's law)"
    all_at_once = rate is None and stated is None and (_number(raw, "num_prompts") or completed) > 1
    return _Run(raw, prompt, output, under_way, all_at_once, derived)


def _mean(raw: Mapping[str, str], what: str) -> float | None:
    mean = _number(raw, f"mean_{what}_ms")
    return mean if mean is not None else _number(raw, f"median_{what}_ms")


def _row(number: int, run: _Run, metric: str, what: str) -> ParsedRow:
    raw, problems = run.raw, []
    fields = _common(run)
    column = f"median_{what}_ms" if f"median_{what}_ms" in raw else f"mean_{what}_ms"
    try:
        value = _number(raw, column)
        spread = _number(raw, f"std_{what}_ms")
    except ValueError as error:
        value = spread = None
        problems.append(Problem(column, str(error)))
    else:
        if not value:
            problems.append(
                Problem(column, f"{column} is missing or 0: the server did not stream its answers")
            )
    if metric == "ttft_ms" and run.queued:
        problems.append(Problem(column, _QUEUED))
    if metric == "ttft_ms" and raw.get("mode") == "multi_turn":
        problems.append(Problem(column, "later turns of a conversation do not read their whole prompt anew"))
    if metric == "tpot_ms" and run.output < 2:
        problems.append(
            Problem(column, "answers of one token have no time between tokens: ask for longer ones")
        )
    fields |= {
        "metric": metric,
        "value": plain(value) if value else "",
        "stddev": plain(spread) if spread else "",
    }
    fields["notes"] = "; ".join(_notes(run, column, what))
    return ParsedRow(number, {k: v for k, v in fields.items() if v}, tuple(problems))


def _common(run: _Run) -> dict[str, str]:
    raw = run.raw
    path = raw.get("model_id") or raw.get("model") or ""
    # a folder of the server's disk: the last part names the model
    model = path.rstrip("/").rsplit("/", 1)[-1] if path.startswith((".", "/", "~")) else path
    date = re.match(r"(\d{4})-?(\d{2})-?(\d{2})", raw.get("date", ""))
    speculative = _number(raw, "spec_decode_num_drafts") or _number(raw, "accept_length", low=0)
    found = {
        "model": model[:SHORT],
        "runtime": _RUNTIMES.get((raw.get("backend") or raw.get("endpoint_type") or "").lower(), ""),
        "batch": str(run.concurrency),
        "prompt_tokens": str(run.prompt),
        "output_tokens": str(run.output),
        "source_date": "-".join(date.groups()) if date else "",
        "speculative": "1" if speculative and speculative > 1 else "",
    }
    tensor = raw.get("tensor_parallel_size") or raw.get("tp") or ""
    if re.fullmatch(r"[1-9]\d{0,3}", tensor):  # given to the client with --metadata
        found |= {"parallelism": f"TP{tensor}", "device_count": tensor}
    return found


def _notes(run: _Run, column: str, what: str) -> Iterator[str]:
    raw = run.raw
    yield f"vllm bench serve, {column}"
    for name in (f"mean_{what}_ms", f"p99_{what}_ms", "median_itl_ms", "output_throughput", "request_rate"):
        if name != column and raw.get(name):
            text = raw[name]
            yield f"{name}={figure(text):.4g}" if re.fullmatch(r"[\d.e+-]+", text) else f"{name}={text[:20]}"
    if run.derived:
        yield run.derived
    if _number(raw, "spec_decode_num_drafts"):
        length = _number(raw, "spec_decode_acceptance_length")
        yield (
            f"speculative decoding on, acceptance length {length:.3g}"
            if length
            else "speculative decoding on"
        )
    if raw.get("label"):
        yield f"label {raw['label'][:80]}"
