"""Why: the parts of the memory, the formula with this plan's numbers in it, what binds, and the caveats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hardware_catalog.tables import device_link
from planner.engine.grid import Axes
from planner.engine.kv import SERVER_RULES
from planner.engine.links import DIRECT
from planner.engine.offload import moved_from_device
from planner.engine.speed import (
    Coefficients,
    SpeedInputs,
    decode_step_seconds,
    decode_terms,
    prefill_seconds,
    prefill_terms,
    prompt_compute_seconds,
)
from planner.figures import gib, number, significant
from planner.plans.answer import FormulaStep, MemoryPart
from planner.plans.evaluation import Speed
from planner.plans.plan import Plan
from planner.plans.questions import Question

SPEED_SOURCE = "https://github.com/XiongjieDai/GPU-Benchmarks-on-LLM-Inference"
OFFLOAD_SOURCE = "https://github.com/ggml-org/llama.cpp/blob/master/tools/llama-bench/README.md"
EXPERTS_SOURCE = SERVING_SOURCE = "https://github.com/ai-dynamo/aiconfigurator"


OFFLOADED = (
    "With weights in main memory (offload) the writing speed is worked out from both memories and not yet checked "
    "against measurements: its interval is wider. How fast a prompt is read then is unknown."
)
LAYER_SPLIT = (
    "Several devices hold the layers one after another (layer split): that adds memory, "
    "not speed for one conversation."
)
TENSOR_PARALLEL = (
    "Several devices share every layer (tensor parallel): what each reads is divided, what each layer costs is not, "
    "and after each half of a layer they exchange results"
)
# figures of a device that an answer rests on ("" is the whole row)
USED_FIGURES = ("", "memory_options_gb", "bandwidth_bytes_per_s", "fp16_flops_per_s", "fp32_flops_per_s")


def _asked(plan: Plan) -> Axes:
    rows = plan.plans.rows
    return Axes(*(axis[plan.row : plan.row + 1] for axis in rows))


def memory_parts(plan: Plan) -> tuple[MemoryPart, ...]:
    """Weights, KV cache, buffers and overhead on the devices, each with how it is known."""
    figure = {name: float(plan.columns[name][plan.row]) for name in plan.columns.arrays}
    weights_on_devices = (
        figure["need_bytes"] - figure["kv_bytes"] - figure["buffers_bytes"] - figure["overhead_bytes"]
    )
    approximate = bool(plan.plans.tables.formats.approximate[_asked(plan).format][0])
    basis = "published file sizes and fitted bits" if approximate else "the format's rule for every tensor"
    tokens = plan.question.context_tokens * plan.question.concurrency
    runtime = plan.offer.runtime.name
    return (
        MemoryPart(
            "weights",
            "Weights",
            weights_on_devices,
            f"The model's numbers in {plan.format.name}, by {basis}.",
        ),
        MemoryPart(
            "kv_cache",
            "KV cache",
            figure["kv_bytes"],
            f"What it keeps of {tokens:,} tokens of conversation, layer by layer, as {runtime} stores it.",
        ),
        MemoryPart(
            "buffers",
            "Buffers",
            figure["buffers_bytes"],
            f"Scratch space for one step of {runtime}, by its rule, checked against published logs.",
        ),
        MemoryPart(
            "overhead",
            "Overhead",
            figure["overhead_bytes"],
            f"What {plan.offer.backend} and the program itself take, measured by others.",
        ),
    )


def speed_of(plan: Plan) -> Speed:
    """Inputs and coefficients of the asked plan's speed."""
    return plan.plans.speed(plan.row)


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Seconds of the parts of one decode step."""

    weights: float
    kv: float
    layers: float  # with the step's fixed part
    arithmetic: float
    others: float  # each further sequence's part
    exchange: float  # between the devices
    prompts: float  # of other sequences, read beside

    @property
    def memory(self) -> float:
        return self.weights + self.kv


def _step_times(inputs: SpeedInputs, c: Coefficients) -> StepTimes:
    term = decode_terms(inputs)
    arithmetic = inputs.active_flops_per_token * inputs.batch / inputs.peak_flops_per_s * c.prefill
    beside = inputs.prompt_tokens_per_step / inputs.prompt_tokens
    return StepTimes(
        weights=float(((term["weights"] + term["experts"] * c.experts) * c.weights)[0]),
        kv=float((term["kv"] * c.kv)[0]),
        layers=float((term["layer"] * c.layer + c.step)[0]),
        arithmetic=float(np.nan_to_num(arithmetic)[0]),
        others=float(((inputs.batch - 1.0) * c.sequence)[0]),
        exchange=float(((inputs.comm_pass_s + inputs.batch * inputs.comm_token_s) * c.comm)[0]),
        prompts=float(np.nan_to_num(beside * prompt_compute_seconds(inputs, c) * c.mix)[0]),
    )


def what_binds(speed: Speed, verdict: str) -> str:
    """The largest part of the time of one token."""
    if verdict == "no":
        return "memory"
    if verdict == "offload":
        return "host memory"
    times = _step_times(*speed)
    if not np.isfinite(times.memory):
        return "unknown"
    parts = {
        "memory bandwidth": times.memory,
        "compute": times.arithmetic if times.arithmetic > times.memory else 0.0,
        "per-layer overhead": times.layers,
        "exchange between devices": times.exchange,
        "reading of others’ prompts": times.prompts,
    }
    return max(parts, key=lambda name: parts[name])


def formula_steps(
    plan: Plan, verdict: str, parts: Sequence[MemoryPart], speed: Speed
) -> tuple[FormulaStep, ...]:
    """Memory, and speed where the plan runs, as formulas with this plan's numbers substituted."""
    figure = {name: float(plan.columns[name][plan.row]) for name in plan.columns.arrays}
    memory = FormulaStep(
        "Memory needed",
        "weights + KV cache + buffers + overhead",
        " + ".join(gib(part.bytes) for part in parts),
        gib(figure["need_bytes"]),
    )
    inputs, c = speed
    if verdict == "no" or plan.offer.refused_format or not np.isfinite(figure["decode_tps"]):
        return (memory,)
    if verdict == "offload":
        return (memory, *_offload_steps(plan, inputs, c, figure))
    return (memory, *_decode_steps(inputs, c, figure), *_prefill_steps(inputs, c, figure))


def _offload_steps(
    plan: Plan, inputs: SpeedInputs, c: Coefficients, figure: dict[str, float]
) -> tuple[FormulaStep, ...]:
    """The device's part and the main memory's part, one after the other."""
    moved = np.array([figure["need_bytes"] - figure["limit_bytes"]])
    on_device, read = moved_from_device(inputs, moved)
    host = plan.machine.spec.host_bandwidth_bytes_per_s
    device_s = float(decode_step_seconds(on_device, c)[0])
    host_s = float(read[0] * c.weights[0]) / host
    return (
        FormulaStep(
            "Reading what lies in main memory, per token",
            "bytes read / (bandwidth of main memory × efficiency)",
            f"{_gb(float(read[0]))} / ({_rate(host)} × {significant(1 / float(c.weights[0]), 2)})",
            _ms(host_s),
            OFFLOAD_SOURCE,
        ),
        FormulaStep(
            "Speed of writing (decode)",
            "1 / (work on the device + main memory)",
            f"1 / ({_ms(device_s)} + {_ms(host_s)})",
            f"{significant(figure['decode_tps'], 3)} tokens/s",
            OFFLOAD_SOURCE,
        ),
    )


def _ms(seconds: float) -> str:
    return f"{significant(seconds * 1e3, 3)} ms"


def _us(seconds: float) -> str:
    return f"{significant(seconds * 1e6, 2)} µs"


def _rate(bytes_per_s: float) -> str:
    return f"{number(bytes_per_s / 1e9, 0 if bytes_per_s >= 100e9 else 1)} GB/s"


def _gb(n_bytes: float) -> str:
    return f"{significant(n_bytes / 1e9, 3)} GB"


def _decode_steps(inputs: SpeedInputs, c: Coefficients, figure: dict[str, float]) -> tuple[FormulaStep, ...]:
    term = {name: float(value[0]) for name, value in decode_terms(inputs).items()}
    times = _step_times(inputs, c)
    bandwidth = float(inputs.bandwidth_bytes_per_s[0])
    read_s = term["weights"] + term["experts"]
    steps = [
        FormulaStep(
            "Reading the weights, per token",
            "bytes read / (bandwidth × efficiency)",
            f"{_gb(read_s * bandwidth)} / ({_rate(bandwidth)} × {significant(read_s / times.weights, 2)})",
            _ms(times.weights),
            EXPERTS_SOURCE if term["experts"] else SPEED_SOURCE,
        ),
        FormulaStep(
            "Reading the KV cache, per token",
            "cache read / (bandwidth × efficiency)",
            f"{_gb(term['kv'] * bandwidth)} / ({_rate(bandwidth)} × {significant(1 / float(c.kv[0]), 2)})",
            _ms(times.kv),
            SPEED_SOURCE,
        ),
        FormulaStep(
            "Work that every layer and every step cost, per token",
            "layers × time per layer + time per step",
            f"{term['layer']:.0f} × {_us(float(c.layer[0]))} + {_us(float(c.step[0]))}",
            _ms(times.layers),
            SPEED_SOURCE,
        ),
    ]
    reading, words = f"{_ms(times.weights)} + {_ms(times.kv)}", "weights + KV cache"
    if times.arithmetic > times.memory:
        steps.append(
            FormulaStep(
                "Arithmetic of all conversations, which takes longer than the reading",
                "FLOPs of the step / achieved FLOP/s",
                f"{int(inputs.batch[0])} tokens × {significant(inputs.active_flops_per_token[0] / 1e9, 3)} GFLOP",
                _ms(times.arithmetic),
                SPEED_SOURCE,
            )
        )
        reading, words = _ms(times.arithmetic), "arithmetic"
    more = list(_served_steps(inputs, c, times))
    steps += [step for step, _ in more]
    steps.append(
        FormulaStep(
            "Speed of writing (decode)",
            f"1 / ({' + '.join([words, 'layers', *(word for _, word in more)])})",
            f"1 / ({' + '.join([reading, _ms(times.layers), *(step.result for step, _ in more)])})",
            f"{significant(figure['decode_tps'], 3)} tokens/s",
        )
    )
    return tuple(steps)


def _served_steps(
    inputs: SpeedInputs, c: Coefficients, times: StepTimes
) -> Iterator[tuple[FormulaStep, str]]:
    """What several conversations and several devices add to a step, each with its short name."""
    sequences = int(inputs.batch[0])
    if times.others:
        yield (
            FormulaStep(
                "What each further conversation adds",
                "other conversations × time of each",
                f"{sequences - 1} × {_us(float(c.sequence[0]))}",
                _ms(times.others),
                SERVING_SOURCE,
            ),
            "other conversations",
        )
    if times.exchange:
        alone = float(inputs.comm_pass_s[0] + inputs.batch[0] * inputs.comm_token_s[0])
        yield (
            FormulaStep(
                "Exchanging results between the devices (all-reduce), twice a layer",
                "time of measured exchanges × factor",
                f"{_ms(alone)} × {significant(float(c.comm[0]), 2)}",
                _ms(times.exchange),
                SERVING_SOURCE,
            ),
            "exchange",
        )
    if times.prompts:
        read = float(prompt_compute_seconds(inputs, c)[0])
        share = float(inputs.prompt_tokens_per_step[0] / inputs.prompt_tokens[0])
        yield (
            FormulaStep(
                "Reading the prompts of others in between (continuous batching)",
                "prompts per step × time of one × part that does not hide",
                f"{significant(share, 2)} × {_ms(read)} × {significant(float(c.mix[0]), 2)}",
                _ms(times.prompts),
                SERVING_SOURCE,
            ),
            "others’ prompts",
        )


def _prefill_steps(inputs: SpeedInputs, c: Coefficients, figure: dict[str, float]) -> tuple[FormulaStep, ...]:
    term = {name: float(value[0]) for name, value in prefill_terms(inputs).items()}
    padding = term["expert_pad"] * float(c.expert_pad[0])
    flops = (term["prefill"] + padding + term["prefill_attention"]) * float(inputs.peak_flops_per_s[0])
    arithmetic = (term["prefill"] + padding) * float(c.prefill[0]) + term["prefill_attention"] * float(
        c.prefill_attention[0]
    )
    whole = float(prefill_seconds(inputs, c)[0])
    waits = whole * float((inputs.batch[0] - 1.0) * c.queue[0])
    first = float(decode_step_seconds(inputs, c)[0] + c.first_token[0])
    tokens = int(inputs.prompt_tokens[0])
    passes = int(np.ceil(inputs.prompt_tokens[0] / inputs.ubatch_tokens[0]))
    return (
        FormulaStep(
            "Reading the prompt (prefill): arithmetic",
            "FLOPs of the prompt / achieved FLOP/s",
            f"{significant(flops / 1e12, 3)} TFLOP / {significant(flops / arithmetic / 1e12, 3)} TFLOP/s",
            _ms(arithmetic),
            SPEED_SOURCE,
        ),
        FormulaStep(
            "Reading the prompt: weights and layers, once per pass",
            "passes × (weights / (bandwidth × efficiency) + layers × time per layer)",
            f"{passes} {'pass' if passes == 1 else 'passes'} of at most {int(inputs.ubatch_tokens[0]):,} tokens",
            _ms(whole - arithmetic),
            SPEED_SOURCE,
        ),
        FormulaStep(
            "Time to the first token",
            "reading the prompt + first step and start-up"
            + (" + prompts of others before it" if waits else ""),
            f"{_ms(whole)} for {tokens:,} tokens + {_ms(first)}" + (f" + {_ms(waits)}" if waits else ""),
            f"{significant(figure['ttft_ms'], 3)} ms",
        ),
    )


def _link_words(plan: Plan) -> str:
    """Over what the devices exchange results."""
    kind, rate = device_link(plan.machine.spec.device)
    if rate is None:
        return ". No source states the link between them: its time is left out, so read the speed as “up to”."
    way = "NVLink" if kind == DIRECT else "PCIe"
    return f", over {way} at {_rate(rate)} in each direction."


def notes(plan: Plan, verdict: str) -> tuple[str, ...]:
    """Caveats that a reader must know."""
    device = plan.machine.spec.device
    found = [*plan.machine.notes]
    most = plan.model.max_context_tokens
    if most and most < Question(model="").context_tokens and plan.question.context_tokens == most:
        found.append(
            f"{plan.model.name} was made for {most:,} tokens of context: the answer is for that many."
        )
    if verdict == "offload":
        found.append(OFFLOADED)
    if device.bandwidth_is_upper_limit:
        found.append(
            "The maker publishes no memory bandwidth for this chip; the figure is an upper limit, "
            "so read the speed as “up to”."
        )
    for note in device.figure_notes:
        if note.kind in ("disagreement", "unverified") and note.field in USED_FIGURES:
            found.append(note.text[0].upper() + note.text[1:] + ("" if note.text.endswith(".") else "."))
    seen = plan.snapshot.calibration.rows.get("weights", {})
    if f"{plan.offer.backend}|{device.slug}" not in seen.get("backend|device", {}):
        found.append(
            "No published measurement of this device is in our data: its speed is predicted from its kind, "
            "in a wider interval."
        )
    if f"{plan.offer.runtime.slug}|{plan.offer.backend}" not in seen.get("runtime|backend", {}):
        found.append(
            f"No measurement of {plan.offer.runtime.name} on {plan.offer.backend} is in our data: "
            "it takes the values of its kind."
        )
    if plan.machine.spec.device_count > 1:
        serves = plan.offer.runtime.kv_rule in SERVER_RULES
        found.append(f"{TENSOR_PARALLEL}{_link_words(plan)}" if serves else LAYER_SPLIT)
    if bool(plan.plans.tables.formats.approximate[_asked(plan).format][0]):
        found.append(
            f"No fixed rule says how {plan.format.name} stores each tensor: its size is approximate."
        )
    return tuple(dict.fromkeys(found))
