"""One result of llama-bench as a row, whichever way it was printed.

Fields and their meaning: https://github.com/ggml-org/llama.cpp/blob/master/tools/llama-bench/llama-bench.cpp, and
https://github.com/ikawrakow/ik_llama.cpp/blob/main/examples/llama-bench/llama-bench.cpp for the fork's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner.contributions.parsers.columns import SHORT
from planner.contributions.parsers.figures import figure, plain, within
from planner.contributions.parsers.llama_devices import backend_of, device_of
from planner.contributions.parsers.rows import ParsedRow, Problem

KIND = "llama_bench"
KIND_NAME = "llama-bench"
GIB = 2**30

# Columns that only the fork ik_llama.cpp prints.
_IK_FIELDS = frozenset(
    {"mla_attn", "attn_max_batch", "ser", "fused_moe", "grouped_er", "no_fused_up_gate", "use_thp", "no_ooae"}
    | {"mqkv", "muge", "rcache", "sas", "max_gpu", "defer_experts", "cuda_params", "override_tensor"}
)
# "llama 8B Q4_K - Medium", "gpt-oss 20B MXFP4 MoE", "llama 7B mostly Q4_0", "llama 1B IQ4_XS - 4.25 bpw (guessed)"
_FILE_TYPE = re.compile(
    r"\s+(?:mostly\s+|all\s+)?"
    r"(?P<type>B?F(?:16|32|64)|(?:I?Q|TQ)\d\w*|MXFP4|NVFP4|MXFP6)"
    r"(?P<rest>\s+MoE|\s+mix\b.*|\s+-\s+.*)?"
    r"\s*$"
)
# the size letters of llama.cpp's K formats
_SIZE_LETTERS = {"small": "S", "medium": "M", "large": "L"}
# the format in the name of a GGUF file
_NAMED_FORMAT = re.compile(
    r"(?:^|[-_.])(?P<format>(?:UD[-_])?(?:I?Q\d\w*|TQ\d_\d|B?F16|F32|MXFP4(?:_MOE)?|NVFP4))(?=$|[-.])",
    re.IGNORECASE,
)
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
# names that say nothing of the model inside
_NAMELESS = re.compile(r"^(ggml-)?model([-_.].*)?$", re.IGNORECASE)

_TEST = re.compile(
    r"(?:(?P<pp>pp)\s*(?P<prompt>\d{1,9}))?\s*\+?\s*(?:(?P<tg>tg)\s*(?P<output>\d{1,9}))?"
    r"(?:\s*@\s*(?:d\s*(?P<depth>\d{1,9})|pp\s*(?P<after>\d{1,9})))?",
    re.IGNORECASE,
)
_MIXED = (
    "the rate of a “pp+tg” test mixes reading the prompt with writing the answer, which run at different speeds: "
    "run llama-bench with -p and -n instead of -pg"
)


@dataclass(frozen=True, slots=True)
class Work:
    """What was timed."""

    prompt: int
    output: int
    depth: int
    label: str


def work_of_label(text: str) -> Work:
    """The work that a label such as "tg128 @ d4096" says. Raises ``ValueError`` for other texts."""
    match = _TEST.fullmatch(text.strip())
    if match is None or not (match["pp"] or match["tg"]):
        raise ValueError(f"“{text[:40]}” is not a test of llama-bench, such as pp512, tg128 or tg128 @ d4096")
    depth = int(match["depth"] or match["after"] or 0)
    return Work(int(match["prompt"] or 0), int(match["output"] or 0), depth, " ".join(text.split()))


def _work_of_counts(raw: Mapping[str, str]) -> Work:
    label = raw.get("test", "")
    if label and re.fullmatch(r"tg\d{1,9}@pp\d{1,9}", label):
        return work_of_label(label)  # the fork times the output alone, though n_prompt is not 0
    prompt, output, depth = (_tokens(raw, name) for name in ("n_prompt", "n_gen", "n_depth"))
    parts = [f"pp{prompt}"] if prompt else []
    parts += [f"tg{output}"] if output else []
    return Work(prompt, output, depth, "+".join(parts) + (f" @ d{depth}" if depth else ""))


def _tokens(raw: Mapping[str, str], name: str) -> int:
    count = _whole(raw, name) or 0
    if not 0 <= count < 10**9:
        raise ValueError(f"{name}: {count} is no count of tokens")
    return count


def _whole(raw: Mapping[str, str], name: str) -> int | None:
    text = raw.get(name, "").strip()
    if not text:
        return None
    try:
        value = figure(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if value != int(value) or abs(value) > 1e18:
        raise ValueError(f"{name}: “{text[:40]}” is not a whole number")
    return int(value)


def model_and_format(model_type: str) -> tuple[str, str]:
    """The two parts of llama.cpp's description: ("llama 8B", "Q4_K_M") of "llama 8B Q4_K - Medium"."""
    model_type = model_type.replace("(guessed)", "")
    match = _FILE_TYPE.search(model_type)
    if match is None:
        return model_type.strip(), ""
    rest = (match["rest"] or "").strip()
    letter = _SIZE_LETTERS.get(rest.removeprefix("-").strip().lower())
    name = match["type"]
    if letter:
        name = f"{name}_{letter}"
    elif rest == "MoE" or rest.startswith("mix"):
        name = f"{name} {rest}"
    return model_type[: match.start()].strip(), name


def file_stem(path: str) -> str:
    """The name of a model file without folder, ending and shard number; "" where it does not name a model."""
    stem = re.split(r"[\\/]", path.strip())[-1]
    stem = _SHARD.sub("", re.sub(r"\.(gguf|bin|ggml)$", "", stem, flags=re.IGNORECASE))
    return "" if _NAMELESS.match(stem) else stem


def format_in_name(stem: str) -> str:
    """The weight format that a file's name carries: "UD-Q4_K_XL" of "Qwen3-8B-UD-Q4_K_XL"."""
    matches = list(_NAMED_FORMAT.finditer(stem))
    return matches[-1]["format"] if matches else ""


def row_of(number: int, raw: Mapping[str, str], seen_devices: Sequence[str] = ()) -> ParsedRow:
    """The row of one result. ``raw`` has llama-bench's own names of fields; ``seen_devices`` are the log's."""
    problems = []
    fields: dict[str, str] = {}
    spare = ""
    try:
        spare = _describe(raw, fields)
        fields |= device_of(raw, seen_devices)
        fields |= _settings(raw)
    except ValueError as error:
        problems.append(Problem(_column_of(error), str(error)))
    try:
        fields |= _observation(raw)
    except ValueError as error:
        problems.append(Problem(_column_of(error), str(error)))
    else:
        fields["notes"] = "; ".join(_notes(raw, fields))[: SHORT * 10]
    return ParsedRow(number, {k: v for k, v in fields.items() if v}, tuple(problems), spare)


def _column_of(error: ValueError) -> str:
    name, colon, _ = str(error).partition(":")
    return name if colon and re.fullmatch(r"[\w/]+", name) else "test"


def _describe(raw: Mapping[str, str], fields: dict[str, str]) -> str:
    """Fill in model, format, build and date; return the spare name of the model."""
    described, file_format = model_and_format(raw.get("model_type", ""))
    stem = file_stem(raw.get("model_filename", ""))
    fields["model"] = (stem or described)[:SHORT]
    fields["quant"] = format_in_name(stem) or file_format
    size = _whole(raw, "model_size")
    if size:
        fields["model_size_gib"] = f"{size / GIB:.6g}"
    count = _whole(raw, "model_n_params")
    if count:
        fields["model_params_b"] = f"{count / 1e9:.5g}"
    fields["runtime"] = "ik_llama.cpp" if _IK_FIELDS & raw.keys() else "llama.cpp"
    commit, build = raw.get("build_commit", "").strip(), raw.get("build_number", "").strip()
    if commit and commit != "unknown":
        fields["runtime_version"] = f"{commit} ({build})" if build not in ("", "0") else commit
    date = re.match(r"\d{4}-\d{2}-\d{2}", raw.get("test_time", ""))
    if date:
        fields["source_date"] = date.group()
    return described[:SHORT] if stem else ""


def _settings(raw: Mapping[str, str]) -> dict[str, str]:
    """The settings of the run that a prediction depends on, by column."""
    found = {}
    for name in ("n_batch", "n_ubatch"):
        if (value := _whole(raw, name)) is not None:
            found[name] = str(value)
    key, value_type = raw.get("type_k", ""), raw.get("type_v", "")
    if key or value_type:
        key, value_type = key or "f16", value_type or "f16"
        found["kv_type"] = key if key == value_type else f"K:{key} V:{value_type}"
    flash = {"1": "1", "true": "1", "on": "1", "0": "0", "false": "0", "off": "0"}
    found["flash_attn"] = flash.get(raw.get("flash_attn", "").lower(), "")
    layers = _whole(raw, "n_gpu_layers")
    if layers is not None and layers >= 0 and backend_of(raw) != "CPU":
        found["n_gpu_layers"] = str(layers)
    if _whole(raw, "n_cpu_moe"):
        found["n_cpu_moe"] = str(_whole(raw, "n_cpu_moe"))
    return found


def _observation(raw: Mapping[str, str]) -> dict[str, str]:
    """Metric, value and workload. Raises ``ValueError`` where the result is not a measurement."""
    work = work_of_label(raw["test"]) if "t/s" in raw else _work_of_counts(raw)
    if work.prompt and work.output:
        raise ValueError(f"test: {_MIXED}")
    if not work.prompt and not work.output:
        raise ValueError("n_prompt: neither a prompt (n_prompt) nor an output (n_gen) was timed")
    value, spread = _rate(raw, work)
    found = {"value": plain(value), "stddev": plain(spread) if spread is not None else ""}
    found |= {"batch": "1", "ctx_depth": str(work.depth)}
    if work.prompt:
        return found | {"metric": "prefill_tps", "prompt_tokens": str(work.prompt), "output_tokens": "0"}
    return found | {"metric": "decode_tps_per_seq", "prompt_tokens": "0", "output_tokens": str(work.output)}


def _rate(raw: Mapping[str, str], work: Work) -> tuple[float, float | None]:
    """Tokens per second and their standard deviation."""
    if "t/s" in raw:
        text, _, spread_text = re.sub(r"\s*(\+/-|\+-)\s*", "±", raw["t/s"]).partition("±")
        column = "t/s"
    else:
        # for some weeks of 2025 both rates of a result stood beside each other
        part = "" if "avg_ts" in raw else "prompt_" if work.prompt else "gen_"
        column = f"avg_{part}ts"
        text, spread_text = raw.get(column, ""), raw.get(f"stddev_{part}ts", "")
    try:
        value = within(figure(text), 0.0, 1e9)
        spread = within(figure(spread_text), 0.0, 1e9) if spread_text.strip() else None
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None
    if value == 0:
        raise ValueError(f"{column}: the rate is 0: the run failed or was cut off; run this test again")
    return value, spread


def _notes(raw: Mapping[str, str], fields: Mapping[str, str]) -> Iterator[str]:
    """How it was run, in llama-bench's own short names, for readers and for the rules of hardware_catalog.trust."""
    work = work_of_label(raw["test"]) if "t/s" in raw else _work_of_counts(raw)
    yield f"llama-bench {work.label}"
    for name, short in (("n_gpu_layers", "ngl"), ("flash_attn", "fa"), ("n_threads", "threads")):
        if raw.get(name, "").strip():
            yield f"{short}={raw[name].strip()}"
    for name, usual in (("n_batch", "2048"), ("n_ubatch", "512"), ("type_k", "f16"), ("type_v", "f16")):
        if raw.get(name, usual).strip() != usual:
            yield f"{name}={raw[name].strip()}"
    if raw.get("split_mode", "layer") not in ("layer", "none", ""):
        yield f"split mode {raw['split_mode']}"
    if raw.get("no_kv_offload", "0").lower() in ("1", "true"):
        yield "partial offload: the KV cache stays in host memory (nkvo=1)"
    overrides = raw.get("tensor_buft_overrides") or raw.get("override_tensor") or "none"
    if overrides not in ("none", ""):
        cpu = "partial offload: " if "cpu" in overrides.lower() else ""
        yield f"{cpu}tensor overrides {overrides[:200]}"
    if fields.get("n_cpu_moe"):
        yield f"n-cpu-moe={fields['n_cpu_moe']}"
    host = raw.get("cpu_info", "").strip()
    if host and host not in fields.get("device", ""):
        yield f"host {host[:120]}"
