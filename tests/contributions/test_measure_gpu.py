"""tools/measure_gpu.py without PyTorch: shapes, jobs, rows, and what it says when something is missing."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hardware_catalog.measured import FIELD_OF_COLUMN
from planner.contributions.parsers import read


@pytest.fixture(scope="module")
def script(repository_root: Path) -> ModuleType:
    """The script as a module, which loads without PyTorch."""
    path = repository_root / "tools" / "measure_gpu.py"
    spec = importlib.util.spec_from_file_location("measure_gpu", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_header_is_that_of_the_shipped_measurements(script: ModuleType) -> None:
    assert tuple(FIELD_OF_COLUMN) == script.COLUMNS


@pytest.mark.parametrize("model", ["llama-3-1-8b", "qwen3-8b", "Qwen2.5-7B", "qwen3-0-6b", "mistral-7b-v0-1"])
def test_a_shape_has_as_many_parameters_as_the_model(script: ModuleType, model: str) -> None:
    shape = script.shape_of_model(model, script.CATALOG)
    entries = {entry["name"]: entry for entry in script.catalog_entries(script.CATALOG)}
    assert shape.parameters == pytest.approx(entries[shape.name]["params_published"], rel=1e-3)


def test_every_listed_shape_has_nearly_the_published_parameters(script: ModuleType) -> None:
    entries = {entry["slug"]: entry for entry in script.catalog_entries(script.CATALOG)}
    shapes = dict(script.listed(script.CATALOG))
    assert len(shapes) >= 60
    ratios = {
        slug: shape.parameters / entries[slug]["params_published"]
        for slug, shape in shapes.items()
        if entries[slug].get("params_published") and entries[slug].get("params_check") == "ok"
    }
    assert {slug: ratio for slug, ratio in ratios.items() if not 0.9 < ratio < 1.1} == {}


def test_layers_that_are_not_built_are_refused_with_the_reason(script: ModuleType) -> None:
    for model, reason in (("qwen3-30b-a3b", "moe"), ("deepseek-r1", "mla"), ("gemma-2-9b", "gemma")):
        with pytest.raises(script.NotPossible, match=reason):
            script.shape_of_model(model, script.CATALOG)


def test_a_config_as_models_publish_it(script: ModuleType) -> None:
    config = {
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "num_hidden_layers": 32,
        "intermediate_size": 14336,
        "vocab_size": 128256,
    }
    shape = script.shape_of_config(config, "Llama-3.1-8B")
    assert shape.parameters == 8_030_261_248  # as its model card counts
    assert shape.cache_bytes(1, 1) == 131_072  # 32 layers x 8 heads x 128 x keys and values x 2 bytes
    for changed, reason in (
        ({"num_local_experts": 8}, "mixture of experts"),
        ({"layer_types": ["sliding_attention"]}, "window"),
    ):
        with pytest.raises(script.NotPossible, match=reason):
            script.shape_of_config(config | changed, "other")
    del config["vocab_size"]
    with pytest.raises(script.NotPossible, match="vocab_size"):
        script.shape_of_config(config, "other")


def test_small_jobs_come_first_and_none_twice(script: ModuleType) -> None:
    found = script.jobs([8, 1, 1], [4096, 0], [2048, 512])
    assert [(job.batch, job.depth, job.prompt) for job in found] == [
        (1, 0, 0),
        (8, 0, 0),
        (1, 4096, 0),
        (8, 4096, 0),
        (1, 0, 512),
        (1, 0, 2048),
    ]


def test_rows_are_read_as_the_projects_csv(script: ModuleType) -> None:
    shared = {
        "device": "NVIDIA GeForce RTX 4090",
        "device_count": "1",
        "model": "Qwen3-8B",
        "quant": "BF16",
        "runtime": "PyTorch",
        "backend": "CUDA",
        "notes": "a note",
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, script.COLUMNS, restval="")
    writer.writeheader()
    timing = script.Timing((50.0, 52.0), 17 * 2**30, ("CUDA graph",))
    writer.writerows(script.rows_of(script.Job(8, depth=4096), timing, 64, shared))
    writer.writerows(script.rows_of(script.Job(1, prompt=512), script.Timing((9000.0,), 0), 64, shared))
    decode, memory, prefill = read(text.getvalue()).rows
    assert decode.problems == memory.problems == prefill.problems == ()
    assert decode.fields["metric"] == "decode_tps_per_seq"
    assert decode.fields["value"] == "51"
    assert decode.fields["stddev"] == "1.414"
    assert (decode.fields["batch"], decode.fields["ctx_depth"]) == ("8", "4096")
    assert (memory.fields["metric"], memory.fields["value"]) == ("memory_bytes", str(17 * 2**30))
    assert (prefill.fields["metric"], prefill.fields["prompt_tokens"]) == ("prefill_tps", "512")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--help"], 0, "random weights"),
        (["--list"], 0, "llama-3-1-8b"),
        ([], 2, "say --model or --config"),
        (["--model", "no-such-model"], 2, "see --list"),
        (["--config", "no-such-file.json"], 2, "no-such-file.json"),
        (["--model", "qwen3-8b"], 2, "PyTorch is not installed"),
        (["--model", "qwen3-8b", "--batch", "one"], 2, "no list of whole numbers"),
        (["--model", "qwen3-8b", "--batch", "0"], 2, "at least 1"),
    ],
)
def test_what_the_command_line_says(
    repository_root: Path, arguments: list[str], status: int, words: str
) -> None:
    command = [sys.executable, "tools/measure_gpu.py", *arguments]
    done = subprocess.run(
        command, cwd=repository_root, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == status
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_config_file_of_the_catalogs_kind(script: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"hidden_size": 64, "num_attention_heads": 4}), encoding="utf-8")
    assert script.main(["--config", str(path)]) == 2
