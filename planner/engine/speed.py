"""Speed of one decode step and of prefill: a roofline whose efficiencies come from the calibration.

Symbols (SI units):
  W_d, W_e  bytes of dense and of routed-expert weights that one step reads   KV  bytes of cache that one sequence reads
  BW        peak memory bandwidth of one device, bytes/s                       P   peak compute, FLOP/s
  L         layers       B  concurrent sequences       T  prompt tokens        U  prompt tokens per pass (ubatch)
  F_e       FLOPs of one token through all routed experts that a pass touches
  A, a      seconds of the all-reduces of one pass over the layers: whatever the tokens, and for each (links.py)
  T_step    prompt tokens of others that are read during a step: under continuous batching (B - 1) * T / output tokens
  c_*       calibrated coefficients (exp of summed level effects)

Decode step:  t = max(memory, compute) + L * c_layer + c_step + (B - 1) * c_sequence + (A + B * a) * c_comm
                  + T_step / T * read * c_mix
  memory  = (W_d + c_experts * W_e(B)) * c_weights / BW + B * KV * c_kv / BW
  compute = 2 * N_active * B * c_prefill / P
  read    = the part of the prefill that is computed: what hides behind a step that waits for memory is in c_mix
Prefill:      t = (2 * N_active * T + passes * F_e * c_pad) * c_prefill / P + F_attn * c_attn / P
                  + passes * (W / BW * c_weights + L * c_pass + A * c_comm) + T * a * c_comm
  passes  = T / U, rounded up
  c_pad   = tokens that each touched expert computes for nothing: its few tokens fill whole tiles of a matrix product
Time to the first token:  prefill * (1 + (B - 1) * c_queue) + one decode step + c_first
  (B - 1) * c_queue: prompts of others that are read first

The form (weights and cache over bandwidth plus a part per layer that no parallelism divides) is what fits published
measurements: see https://github.com/ai-dynamo/aiconfigurator (silicon_sample.csv) and
https://github.com/XiongjieDai/GPU-Benchmarks-on-LLM-Inference. Expected experts touched: E * (1 - (1 - k/E)**B),
the mean number of distinct experts when B tokens each draw k of E (the coupon-collector expectation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.engine.tables import Floats


@dataclass(frozen=True, slots=True)
class SpeedInputs:
    """Figures of n plans, each array of shape [n] (SI units)."""

    dense_bytes: Floats  # weights that every step reads
    expert_bytes: Floats  # all routed experts
    n_experts: Floats  # 1 where there are none
    n_experts_used: Floats
    n_layers: Floats
    active_flops_per_token: Floats  # 2 * parameters multiplied per token
    expert_flops_per_token: Floats  # 2 * parameters of all routed experts
    bandwidth_bytes_per_s: Floats
    peak_flops_per_s: Floats  # against the basis that levels.peak_basis names
    batch: Floats
    kv_read_bytes: Floats  # per sequence and decode step
    prompt_tokens: Floats
    ubatch_tokens: Floats
    prefill_attention_flops: Floats  # of the whole prompt
    prompt_tokens_per_step: Floats  # of others, read during a decode step
    comm_pass_s: Floats  # all-reduces of one pass over the layers
    comm_token_s: Floats  # and for each token of it


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Calibrated factors of n plans, each array of shape [n]; see the module's formulas."""

    weights: Floats
    experts: Floats
    kv: Floats
    layer: Floats  # seconds
    step: Floats  # seconds
    prefill_pass: Floats  # seconds
    prefill: Floats
    expert_pad: Floats  # tokens
    prefill_attention: Floats
    first_token: Floats  # seconds
    sequence: Floats  # seconds
    comm: Floats
    mix: Floats
    queue: Floats


def experts_touched_share(n_experts: Floats, n_used: Floats, tokens: Floats) -> Floats:
    """Share of the routed experts that ``tokens`` tokens touch together, in (0, 1]."""
    # 1 - exp(tokens * log(1 - k/E)) keeps its digits for small shares
    with np.errstate(divide="ignore"):
        log_miss = np.log1p(-np.minimum(n_used / n_experts, 1.0))
    return -np.expm1(tokens * log_miss)


def decode_terms(x: SpeedInputs) -> dict[str, Floats]:
    """Seconds (bytes over bandwidth) or layers of one decode step before any coefficient, by coefficient name."""
    touched = experts_touched_share(x.n_experts, x.n_experts_used, x.batch)
    return {
        "weights": x.dense_bytes / x.bandwidth_bytes_per_s,
        "experts": x.expert_bytes * touched / x.bandwidth_bytes_per_s,
        "kv": x.batch * x.kv_read_bytes / x.bandwidth_bytes_per_s,
        "layer": x.n_layers,
    }


def decode_step_seconds(x: SpeedInputs, c: Coefficients) -> Floats:
    """Time of one decode step, in which each of the B sequences gets one token."""
    term = decode_terms(x)
    memory = term["weights"] * c.weights + term["experts"] * (c.experts * c.weights) + term["kv"] * c.kv
    compute = x.active_flops_per_token * x.batch / x.peak_flops_per_s * c.prefill
    step = np.fmax(memory, compute) + (term["layer"] * c.layer + c.step)
    others = (x.batch - 1.0) * c.sequence + (x.comm_pass_s + x.batch * x.comm_token_s) * c.comm
    return step + others + x.prompt_tokens_per_step / x.prompt_tokens * prompt_compute_seconds(x, c) * c.mix


def prompt_compute_seconds(x: SpeedInputs, c: Coefficients) -> Floats:
    """The arithmetic of a prompt, and what the devices say to one another about it."""
    computed = x.active_flops_per_token * x.prompt_tokens / x.peak_flops_per_s * c.prefill
    attended = x.prefill_attention_flops / x.peak_flops_per_s * c.prefill_attention
    return np.asarray(computed + attended + x.prompt_tokens * x.comm_token_s * c.comm)


def prefill_terms(x: SpeedInputs) -> dict[str, Floats]:
    """Seconds, seconds per padded token or layer passes of a whole prompt before any coefficient, by its name."""
    passes = np.ceil(x.prompt_tokens / x.ubatch_tokens)
    touched = experts_touched_share(
        x.n_experts, x.n_experts_used, np.minimum(x.prompt_tokens, x.ubatch_tokens)
    )
    return {
        "prefill": x.active_flops_per_token * x.prompt_tokens / x.peak_flops_per_s,
        "expert_pad": passes * x.expert_flops_per_token * touched / x.peak_flops_per_s,
        "prefill_attention": x.prefill_attention_flops / x.peak_flops_per_s,
        "weights": passes * x.dense_bytes / x.bandwidth_bytes_per_s,
        "experts": passes * x.expert_bytes * touched / x.bandwidth_bytes_per_s,
        "prefill_pass": passes * x.n_layers,
        "comm": passes * x.comm_pass_s + x.prompt_tokens * x.comm_token_s,
    }


def prefill_seconds(x: SpeedInputs, c: Coefficients) -> Floats:
    """Time to read a prompt of ``prompt_tokens`` for one sequence."""
    term = prefill_terms(x)
    weights = term["weights"] * c.weights + term["experts"] * (c.experts * c.weights)
    beside = term["prefill_attention"] * c.prefill_attention + term["prefill_pass"] * c.prefill_pass
    computed = term["prefill"] + term["expert_pad"] * c.expert_pad
    return computed * c.prefill + weights + beside + term["comm"] * c.comm


def ttft_seconds(x: SpeedInputs, c: Coefficients) -> Floats:
    """Time from sending the prompt to the first token."""
    return ttft_of_parts(prefill_seconds(x, c), decode_step_seconds(x, c), x, c)


def ttft_of_parts(prefill_s: Floats, step_s: Floats, x: SpeedInputs, c: Coefficients) -> Floats:
    """The prompts before it and its own, one decode step, and what the runtime adds."""
    return prefill_s * (1.0 + (x.batch - 1.0) * c.queue) + step_s + c.first_token
