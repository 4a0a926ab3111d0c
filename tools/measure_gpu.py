#!/usr/bin/env python3
"""Measure how fast a device reads prompts and writes answers, and print Sizewise's CSV.

Needs Python 3.10 and PyTorch 2.5 or newer, and nothing else: no download, no tokenizer, no weights. It builds a dense
decoder with grouped-query attention in the real shapes of a model, fills it with random weights, and times

* decode: one token for each of BATCH conversations, DEPTH tokens in the cache, as a CUDA graph where there is one;
* prefill: reading a prompt of PROMPT tokens, one conversation;
* peak memory: the most that PyTorch had allocated during each of the two (CUDA, ROCm and XPU).

Speed does not depend on what the weights are, only on their shapes and types, so random ones measure the same work.

    python tools/measure_gpu.py --model qwen3-8b -o mine.csv
    python tools/measure_gpu.py --config config.json --dtype fp16 --batch 1,8,32 --depth 0,4096,16384 --prompt 512,2048
    python tools/measure_gpu.py --name tiny --hidden 256 --layers 2 --heads 8 --kv-heads 2 --ffn 512 --vocab 1000
    python tools/measure_gpu.py --list

Shapes come from the catalog (--model, an entry of hardware_catalog/data/models), from a config.json as models publish
it (--config), or from flags. Each row is printed as soon as it is measured, so Ctrl-C keeps what there is. The header
is that of hardware_catalog/data/measurements.csv; paste the output at /measurements/own/. Progress goes to standard
error.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import math
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

COLUMNS = (
    *("id", "source_url", "source_date", "device", "device_count", "device_mem_gb", "device_bw_gbs"),
    *("model", "model_params_b", "active_params_b", "quant", "model_size_gib", "runtime", "runtime_version"),
    *("backend", "batch", "prompt_tokens", "ctx_depth", "output_tokens", "metric", "value", "stddev"),
    *("notes", "source_family"),
)
CATALOG = Path(__file__).resolve().parent.parent / "hardware_catalog" / "data" / "models"
# What the catalog's formula of a model may say beside "dense"; other hints mean other layers than those built here.
KNOWN_HINTS = frozenset(
    {"t", "qknorm", "bias", "fused_qkv", "fused_ffn", "ignore_window", "published_counts", "gguf_arch"}
)
DTYPES = {"bf16": ("bfloat16", "BF16"), "fp16": ("float16", "F16")}
GIB = 2**30
GRAPH_WARM_UP = 3  # steps before a capture, as PyTorch's notes on CUDA graphs ask for


class NotPossible(Exception):
    """Why something cannot be measured; the message is for the person at the terminal."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a dense decoder with grouped-query attention."""

    name: str
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocab: int
    tied: bool = False
    qkv_bias: bool = False
    qk_norm: bool = False

    @property
    def parameters(self) -> int:
        """All weights, norms included."""
        queries, kv = self.heads * self.head_dim, 2 * self.kv_heads * self.head_dim
        layer = self.hidden * (queries + kv) + queries * self.hidden + 3 * self.hidden * self.ffn
        layer += (
            2 * self.hidden
            + (queries + kv if self.qkv_bias else 0)
            + (2 * self.head_dim if self.qk_norm else 0)
        )
        return self.layers * layer + self.vocab * self.hidden * (1 if self.tied else 2) + self.hidden

    def cache_bytes(self, batch: int, tokens: int) -> int:
        """Keys and values in two bytes each."""
        return 2 * 2 * self.layers * batch * self.kv_heads * self.head_dim * tokens


@dataclass(frozen=True)
class Job:
    """One thing to measure: decoding with a depth, or (``prompt`` > 0) reading a prompt."""

    batch: int
    depth: int = 0
    prompt: int = 0

    def __str__(self) -> str:
        if self.prompt:
            return f"prefill of {self.prompt:,} tokens"
        return f"decode, batch {self.batch}, depth {self.depth:,}"


def shape_of_config(config: Mapping[str, Any], name: str, formula: Mapping[str, Any] | None = None) -> Shape:
    """The shape that a config says. Raises ``NotPossible`` for layers that this script does not build."""
    formula = formula or {}
    odd = sorted(set(formula) - KNOWN_HINTS)
    experts = next(
        (key for key in ("num_experts", "num_local_experts", "n_routed_experts") if config.get(key)), ""
    )
    windowed = "sliding_attention" in (config.get("layer_types") or []) and not formula.get("ignore_window")
    reasons = [
        (formula.get("t", "dense") != "dense", f"its layers are of kind “{formula.get('t')}”"),
        (bool(odd), f"it has {', '.join(odd)}"),
        (bool(experts), "it is a mixture of experts"),
        (windowed, "some of its layers attend to a window only"),
        (bool(config.get("kv_lora_rank")), "it has latent attention"),
    ]
    for applies, why in reasons:
        if applies:
            raise NotPossible(
                f"{name}: {why}; only dense decoders with grouped-query attention are built (--list)"
            )
    try:
        hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        return Shape(
            name=name,
            hidden=hidden,
            layers=int(config["num_hidden_layers"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or hidden // heads),
            ffn=int(config["intermediate_size"]),
            vocab=int(config["vocab_size"]),
            tied=bool(config.get("tie_word_embeddings", False)),
            qkv_bias=bool(formula.get("bias") or config.get("attention_bias")),
            qk_norm=bool(formula.get("qknorm") or str(config.get("model_type", "")).startswith("qwen3")),
        )
    except KeyError as missing:
        raise NotPossible(f"{name}: the config has no {missing.args[0]}") from None


def catalog_entries(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Every model of the catalog's files."""
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        yield from content if isinstance(content, list) else content.get("models", [])


def shape_of_model(wanted: str, folder: Path) -> Shape:
    """The shape of a catalog entry, by slug or name. Raises ``NotPossible``."""
    for entry in catalog_entries(folder):
        if wanted.lower() in (str(entry["slug"]).lower(), str(entry["name"]).lower()):
            if entry.get("formula") is None:
                raise NotPossible(f"{entry['name']}: its architecture is not published")
            return shape_of_config(entry["config"], str(entry["name"]), entry["formula"])
    raise NotPossible(f"no model “{wanted}” in {folder}: see --list, or use --config or the flags")


def listed(folder: Path) -> Iterator[tuple[str, Shape]]:
    """Slug and shape of every model that can be built."""
    for entry in catalog_entries(folder):
        if entry.get("formula") is not None:
            try:
                yield (
                    str(entry["slug"]),
                    shape_of_config(entry["config"], str(entry["name"]), entry["formula"]),
                )
            except NotPossible:
                continue


def jobs(batches: Sequence[int], depths: Sequence[int], prompts: Sequence[int]) -> list[Job]:
    """What to measure, the smallest first, so that a run that is cut off has the most to show."""
    decoding = [Job(batch, depth=depth) for depth in sorted(set(depths)) for batch in sorted(set(batches))]
    return sorted(decoding, key=lambda job: job.batch * (job.depth + 1)) + [
        Job(1, prompt=p) for p in sorted(set(prompts))
    ]


def counts(text: str) -> list[int]:
    """The whole numbers of "1,8,32". Raises ``argparse.ArgumentTypeError``."""
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers such as 1,8,32") from None
    if not found or min(found) < 0 or max(found) > 10**7:
        raise argparse.ArgumentTypeError(f"{text!r}: numbers from 0 to 10,000,000 are meant")
    return found


# The model, in PyTorch.


class Decoder:
    """A dense decoder with random weights. ``torch`` is the module, so that this file loads without it."""

    def __init__(self, torch: Any, shape: Shape, device: Any, dtype: Any) -> None:
        self.torch, self.shape, self.device, self.dtype = torch, shape, device, dtype
        self.functional = torch.nn.functional
        queries, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.embedding = self._random(shape.vocab, shape.hidden)
        self.head = self.embedding if shape.tied else self._random(shape.vocab, shape.hidden)
        self.norm = self._ones(shape.hidden)
        self.layers = [
            {
                "norm": self._ones(shape.hidden),
                "qkv": self._random(queries + 2 * kv, shape.hidden),
                "bias": self._random(queries + 2 * kv) if shape.qkv_bias else None,
                "q_norm": self._ones(shape.head_dim) if shape.qk_norm else None,
                "k_norm": self._ones(shape.head_dim) if shape.qk_norm else None,
                "out": self._random(shape.hidden, queries),
                "ffn_norm": self._ones(shape.hidden),
                "gate_up": self._random(2 * shape.ffn, shape.hidden),
                "down": self._random(shape.hidden, shape.ffn),
            }
            for _ in range(shape.layers)
        ]

    def _random(self, *size: int) -> Any:
        # a usual scale, so that activations neither vanish nor overflow: what they are costs power on some chips
        scale = 1.0 / math.sqrt(size[-1])
        return self.torch.empty(*size, device=self.device, dtype=self.dtype).normal_(0.0, scale)

    def _ones(self, size: int) -> Any:
        return self.torch.ones(size, device=self.device, dtype=self.dtype)

    @property
    def weight_bytes(self) -> int:
        """Of all tensors, shared ones once."""
        tensors = [self.embedding, self.norm, *([] if self.shape.tied else [self.head])]
        tensors += [tensor for layer in self.layers for tensor in layer.values() if tensor is not None]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def cache(self, batch: int, tokens: int) -> list[tuple[Any, Any]]:
        """Keys and values of every layer, filled: [batch, kv_heads, tokens, head_dim]."""
        size = (batch, self.shape.kv_heads, tokens, self.shape.head_dim)
        return [(self._random(*size), self._random(*size)) for _ in range(self.shape.layers)]

    def rotation(self, first: int, tokens: int) -> tuple[Any, Any]:
        """Cosines and sines of rotary positions: [tokens, head_dim]."""
        half = self.torch.arange(0, self.shape.head_dim, 2, device=self.device, dtype=self.torch.float32)
        speeds = 10_000.0 ** (-half / self.shape.head_dim)
        places = self.torch.arange(first, first + tokens, device=self.device, dtype=self.torch.float32)
        angles = self.torch.outer(places, speeds).repeat(1, 2)
        return angles.cos().to(self.dtype), angles.sin().to(self.dtype)

    def _rotate(self, x: Any, rotation: tuple[Any, Any]) -> Any:
        first, second = x.chunk(2, dim=-1)
        return x * rotation[0] + self.torch.cat((-second, first), dim=-1) * rotation[1]

    def _rms(self, x: Any, weight: Any) -> Any:
        return self.functional.rms_norm(x, (x.shape[-1],), weight, 1e-6)

    def forward(self, tokens: Any, cache: list[tuple[Any, Any]], at: int, rotation: tuple[Any, Any]) -> Any:
        """The most likely next token [batch] after ``tokens`` [batch, n], which stand from ``at`` on in the cache."""
        linear, shape = self.functional.linear, self.shape
        x = self.functional.embedding(tokens, self.embedding)
        batch, count = tokens.shape
        for layer, (keys, values) in zip(self.layers, cache, strict=True):
            fused = linear(self._rms(x, layer["norm"]), layer["qkv"], layer["bias"])
            fused = fused.view(batch, count, shape.heads + 2 * shape.kv_heads, shape.head_dim).transpose(1, 2)
            q, k, v = fused.split((shape.heads, shape.kv_heads, shape.kv_heads), dim=1)
            if shape.qk_norm:
                q, k = self._rms(q, layer["q_norm"]), self._rms(k, layer["k_norm"])
            q, k = self._rotate(q, rotation), self._rotate(k, rotation)
            keys[:, :, at : at + count] = k
            values[:, :, at : at + count] = v
            mixed = self._attend(q, keys[:, :, : at + count], values[:, :, : at + count])
            x = x + linear(mixed.transpose(1, 2).reshape(batch, count, -1), layer["out"])
            gate, up = linear(self._rms(x, layer["ffn_norm"]), layer["gate_up"]).chunk(2, dim=-1)
            x = x + linear(self.functional.silu(gate) * up, layer["down"])
        logits = linear(self._rms(x[:, -1], self.norm), self.head)
        return logits.argmax(dim=-1)

    def _attend(self, q: Any, keys: Any, values: Any) -> Any:
        attention = self.functional.scaled_dot_product_attention
        batch, heads, count, size = q.shape
        if count == 1:
            # the queries that share a key stand as rows of one product: each key is then read once
            grouped = q.reshape(batch, self.shape.kv_heads, heads // self.shape.kv_heads, size)
            return attention(grouped, keys, values).reshape(batch, heads, 1, size)
        if heads == self.shape.kv_heads:
            return attention(q, keys, values, is_causal=True)
        return attention(q, keys, values, is_causal=True, enable_gqa=True)


# Timing.


class Machine:
    """The device, what PyTorch calls it, and how to wait for it."""

    def __init__(self, torch: Any, wanted: str) -> None:
        self.torch = torch
        self.kind = wanted or _best_kind(torch)
        self.device = torch.device(self.kind)
        self.module: Any = getattr(torch, self.kind, None)
        hip = getattr(torch.version, "hip", None)
        self.backend = {"cuda": "ROCm" if hip else "CUDA", "xpu": "XPU", "mps": "MPS"}.get(self.kind, "CPU")
        self.tracks_peak = hasattr(self.module, "max_memory_allocated") and self.kind != "cpu"

    @property
    def name(self) -> str:
        """As a vendor or the system names it."""
        if self.kind in ("cuda", "xpu"):
            return str(self.module.get_device_name(0))
        return _processor_name()

    @property
    def memory_gib(self) -> str:
        """Memory of the device as PyTorch reads it; "" where it does not say."""
        if self.kind in ("cuda", "xpu"):
            return f"{self.module.get_device_properties(0).total_memory / GIB:.4g}"
        return ""

    @property
    def usual_dtype(self) -> str:
        """The type that the device computes in; NVIDIA's cards before Ampere only emulate bfloat16."""
        old = self.backend == "CUDA" and self.module.get_device_capability(0) < (8, 0)
        return "fp16" if old else "bf16"

    def wait(self) -> None:
        """Until everything that was asked for is done."""
        if self.kind != "cpu":
            self.module.synchronize()

    def reset_peak(self) -> None:
        if self.tracks_peak:
            self.module.reset_peak_memory_stats()

    def peak_bytes(self) -> int:
        return int(self.module.max_memory_allocated()) if self.tracks_peak else 0

    def release(self) -> None:
        """Give freed memory back, so that one measurement leaves the next all of it."""
        if self.kind != "cpu":
            self.module.empty_cache()


def _best_kind(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        return "xpu"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _processor_name() -> str:
    if sys.platform == "darwin":
        import subprocess

        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(errors="replace"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Timing:
    """Tokens per second of each repeat (per conversation), the peak memory, and how it was run."""

    rates: tuple[float, ...]
    peak_bytes: int
    notes: tuple[str, ...] = ()


def measure(model: Decoder, machine: Machine, job: Job, steps: int, repeats: int, graphs: bool) -> Timing:
    """Time one job: warm-up first, then ``repeats`` times ``steps`` tokens (or one prompt)."""
    torch, shape = model.torch, model.shape
    machine.release()
    machine.reset_peak()
    count = job.prompt or 1
    tokens = torch.randint(0, shape.vocab, (job.batch, count), device=machine.device)
    cache = model.cache(job.batch, job.depth + count)
    rotation = model.rotation(job.depth, count)

    def once() -> None:
        following = model.forward(tokens, cache, job.depth, rotation)
        if count == 1:
            tokens.copy_(following.unsqueeze(1))

    run, notes = _captured(machine, once) if graphs and not job.prompt else (once, ())
    per_repeat = 1 if job.prompt else steps
    for _ in range(2 if job.prompt else max(GRAPH_WARM_UP, steps // 4)):
        run()
    machine.wait()
    rates = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(per_repeat):
            run()
        machine.wait()
        rates.append(count * per_repeat / (time.perf_counter() - start))
    return Timing(tuple(rates), machine.peak_bytes(), notes)


def _captured(machine: Machine, once: Callable[[], None]) -> tuple[Callable[[], None], tuple[str, ...]]:
    """The step as a CUDA graph, which takes the host's launches out of the time; the step itself where that fails."""
    if machine.kind != "cuda":
        return once, ("no graph capture",)
    torch = machine.torch
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(GRAPH_WARM_UP):
            once()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            once()
    except RuntimeError as error:
        machine.wait()
        return once, (f"no graph capture ({str(error).splitlines()[0][:80]})",)
    return graph.replay, ("CUDA graph",)


# Rows.


def rows_of(job: Job, timing: Timing, steps: int, shared: Mapping[str, str]) -> list[dict[str, str]]:
    """The rows of one job: a rate, and the peak memory where it is known."""
    mean = statistics.fmean(timing.rates)
    spread = statistics.stdev(timing.rates) if len(timing.rates) > 1 else 0.0
    workload = {
        "batch": str(job.batch),
        "prompt_tokens": str(job.prompt),
        "ctx_depth": str(job.depth),
        "output_tokens": "0" if job.prompt else str(steps),
    }
    notes = "; ".join([shared["notes"], *timing.notes, f"mean of {len(timing.rates)} repeats"])
    rate = {
        "metric": "prefill_tps" if job.prompt else "decode_tps_per_seq",
        "value": f"{mean:.6g}",
        "stddev": f"{spread:.4g}",
        "notes": notes,
    }
    found = [dict(shared) | workload | rate]
    if timing.peak_bytes:
        memory = {"metric": "memory_bytes", "value": str(timing.peak_bytes), "stddev": ""}
        told = {"notes": f"{shared['notes']}; most that PyTorch had allocated"}
        found.append(dict(shared) | workload | memory | told)
    return found


def shared_columns(
    shape: Shape, machine: Machine, weight_bytes: int, arguments: argparse.Namespace
) -> dict[str, str]:
    """What all rows of a run say alike."""
    threads = f"; threads={machine.torch.get_num_threads()}" if machine.kind == "cpu" else ""
    return {
        "source_url": arguments.source_url,
        "source_date": datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),  # noqa: UP017
        "device": arguments.device_name or machine.name,
        "device_count": "1",
        "device_mem_gb": machine.memory_gib,
        "model": shape.name,
        "model_params_b": f"{shape.parameters / 1e9:.5g}",
        "quant": DTYPES[arguments.dtype][1],
        "model_size_gib": f"{weight_bytes / GIB:.6g}",
        "runtime": "PyTorch",
        "runtime_version": str(machine.torch.__version__),
        "backend": machine.backend,
        "notes": f"tools/measure_gpu.py, random weights, attention by scaled_dot_product_attention{threads}",
        "source_family": arguments.source_family,
    }


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out; each of PyTorch's back ends says it its own way."""
    words = ("out of memory", "can't allocate", "not enough memory", "invalid buffer size")
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)


def say(text: str) -> None:
    """Progress, out of the way of the rows."""
    print(text, file=sys.stderr, flush=True)


def run(arguments: argparse.Namespace, out: TextIO) -> int:
    """Measure everything asked for; returns the exit status."""
    shape = wanted_shape(arguments)
    try:
        import torch
    except ImportError:
        raise NotPossible(
            "PyTorch is not installed here: see https://pytorch.org/get-started/locally/"
        ) from None
    machine = Machine(torch, arguments.device)
    arguments.dtype = arguments.dtype or machine.usual_dtype
    dtype = getattr(torch, DTYPES[arguments.dtype][0])
    say(f"{machine.name} ({machine.backend}), PyTorch {torch.__version__}")
    say(
        f"{shape.name}: {shape.parameters / 1e9:.3g} billion parameters, {2 * shape.parameters / GIB:.3g} GiB in "
        f"{arguments.dtype}; making them …"
    )
    torch.manual_seed(0)
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    out.flush()
    number, stem = 0, re.sub(r"[^a-z0-9]+", "-", f"own-{machine.name}-{shape.name}".lower()).strip("-")[:100]
    with torch.inference_mode():
        try:
            model = Decoder(torch, shape, machine.device, dtype)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            raise NotPossible(f"the weights do not fit into the memory of {machine.name}") from None
        shared = shared_columns(shape, machine, model.weight_bytes, arguments)
        for job in jobs(arguments.batch, arguments.depth, arguments.prompt):
            try:
                timing = measure(
                    model, machine, job, arguments.steps, arguments.repeats, not arguments.no_graph
                )
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error):
                    raise
                say(f"{job}: left out, it does not fit into memory")
                machine.release()
                continue
            for row in rows_of(job, timing, arguments.steps, shared):
                number += 1
                writer.writerow(row | {"id": f"{stem}-{number:03d}"})
            out.flush()
            say(
                f"{job}: {statistics.fmean(timing.rates):,.4g} tokens/s"
                + (f", {timing.peak_bytes / GIB:.4g} GiB" if timing.peak_bytes else "")
            )
    return 0


def wanted_shape(arguments: argparse.Namespace) -> Shape:
    """The shape that the arguments name. Raises ``NotPossible``."""
    if arguments.model:
        return shape_of_model(arguments.model, arguments.catalog)
    if arguments.config:
        try:
            config = json.loads(arguments.config.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NotPossible(f"{arguments.config}: {error}") from None
        name = arguments.name or str(config.get("_name_or_path") or arguments.config.stem)
        return shape_of_config(config, name, config.get("formula"))
    missing = [name for name in ("hidden", "layers", "heads", "ffn", "vocab") if not getattr(arguments, name)]
    if missing:
        raise NotPossible(f"say --model or --config, or also --{', --'.join(missing)} (see --help)")
    return Shape(
        name=arguments.name or "unnamed",
        hidden=arguments.hidden,
        layers=arguments.layers,
        heads=arguments.heads,
        kv_heads=arguments.kv_heads or arguments.heads,
        head_dim=arguments.head_dim or arguments.hidden // arguments.heads,
        ffn=arguments.ffn,
        vocab=arguments.vocab,
        tied=arguments.tied,
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    description, _, rest = str(__doc__).partition("\n\n")
    found = argparse.ArgumentParser(
        description=description, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    model = found.add_argument_group("the model: --model, or --config, or the sizes")
    model.add_argument("--model", help="slug or name of a model of the catalog, such as llama-3-1-8b")
    model.add_argument("--catalog", type=Path, default=CATALOG, help="folder of the catalog's model files")
    model.add_argument("--config", type=Path, help="a config.json as models publish it")
    model.add_argument(
        "--list", action="store_true", help="print the catalog's models that can be built, and stop"
    )
    model.add_argument("--name", help="name of the model in the rows")
    for name in ("hidden", "layers", "heads", "kv-heads", "head-dim", "ffn", "vocab"):
        model.add_argument(f"--{name}", type=int, default=0, metavar="N")
    model.add_argument("--tied", action="store_true", help="the output head is the embedding")
    what = found.add_argument_group("what to measure")
    what.add_argument(
        "--dtype", choices=DTYPES, default="", help="weights and cache (bf16; fp16 on NVIDIA before Ampere)"
    )
    what.add_argument(
        "--batch", type=counts, default=[1, 8], metavar="N,…", help="conversations at a time (1,8)"
    )
    what.add_argument(
        "--depth", type=counts, default=[0, 4096], metavar="N,…", help="tokens in the cache (0,4096)"
    )
    what.add_argument(
        "--prompt", type=counts, default=[512, 2048], metavar="N,…", help="lengths of prompts (512,2048)"
    )
    what.add_argument(
        "--steps", type=int, default=64, metavar="N", help="tokens of one timed repeat (%(default)s)"
    )
    what.add_argument("--repeats", type=int, default=5, metavar="N", help="timed repeats (%(default)s)")
    what.add_argument("--no-graph", action="store_true", help="launch every kernel from the host")
    where = found.add_argument_group("where, and what the rows say")
    where.add_argument(
        "--device", choices=("cuda", "xpu", "mps", "cpu"), default="", help="default: the best there is"
    )
    where.add_argument(
        "--device-name", default="", help="name of the device in the rows, where PyTorch's is unclear"
    )
    where.add_argument("--source-url", default="", help="where the run is published")
    where.add_argument("--source-family", default="", help="who measured: GitHub owner/repository, or a host")
    where.add_argument(
        "-o", "--output", type=Path, help="file to write the rows to (default: standard output)"
    )
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run from a terminal; returns the exit status."""
    arguments = parser().parse_args(argv)
    if min(arguments.steps, arguments.repeats) < 1 or 0 in arguments.batch or 0 in arguments.prompt:
        parser().error("--steps, --repeats, --batch and --prompt are at least 1")
    try:
        if arguments.list:
            for slug, shape in listed(arguments.catalog):
                print(f"{slug:40} {shape.parameters / 1e9:8.3g} B  {2 * shape.parameters / GIB:8.3g} GiB")
            return 0
        if arguments.output is None:
            return run(arguments, sys.stdout)
        with arguments.output.open("w", encoding="utf-8", newline="") as file:
            return run(arguments, file)
    except NotPossible as reason:
        say(f"measure_gpu: {reason}")
        return 2
    except OSError as error:
        say(f"measure_gpu: {error}")
        return 2
    except KeyboardInterrupt:
        say("stopped; the rows printed so far are whole")
        return 130


if __name__ == "__main__":
    sys.exit(main())
