"""Measurements made from known coefficients, for tests that know the truth."""

from __future__ import annotations

import numpy as np

from planner.calibration.problem import Observations, predict_log_seconds
from planner.engine.levels import LEVELS
from planner.engine.speed import SpeedInputs

BASE = {
    "weights": 1.3,
    "experts": 1.2,
    "kv": 1.6,
    "layer": 30e-6,
    "step": 0.3e-3,
    "prefill_pass": 60e-6,
    "prefill": 1.6,
    "expert_pad": 16.0,
    "prefill_attention": 3.0,
    "first_token": 5e-3,
    "sequence": 10e-6,
    "comm": 1.0,
    "mix": 0.5,
    "queue": 0.2,
}
# how much slower than the base each of the two backends reads weights
SLOWER = {"CUDA": 0.0, "Vulkan": 0.5}


def make_inputs(rng: np.random.Generator, n: int) -> SpeedInputs:
    """Plans of dense and expert models from 1 to 40 GB on devices of 50 GB/s to 2 TB/s."""
    weights = np.exp(rng.uniform(np.log(1e9), np.log(40e9), n))
    experts = rng.random(n) < 0.3
    bandwidth = np.exp(rng.uniform(np.log(50e9), np.log(2e12), n))
    return SpeedInputs(
        dense_bytes=np.where(experts, weights * 0.2, weights),
        expert_bytes=np.where(experts, weights * 0.8, 0.0),
        n_experts=np.where(experts, 64.0, 1.0),
        n_experts_used=np.where(experts, 6.0, 1.0),
        n_layers=rng.integers(16, 80, n).astype(float),
        active_flops_per_token=2 * weights * 1.7 * np.where(experts, 0.3, 1.0),
        expert_flops_per_token=2 * weights * 1.7 * np.where(experts, 0.8, 0.0),
        bandwidth_bytes_per_s=bandwidth,
        peak_flops_per_s=bandwidth * 40,
        batch=np.ones(n),
        kv_read_bytes=rng.uniform(0, 3e9, n),
        prompt_tokens=rng.integers(32, 4096, n).astype(float),
        ubatch_tokens=np.full(n, 512.0),
        prefill_attention_flops=rng.uniform(0, 1e12, n),
        prompt_tokens_per_step=np.zeros(n),
        comm_pass_s=np.zeros(n),
        comm_token_s=np.zeros(n),
    )


def make_observations(n: int = 900, noise: float = 0.03, seed: int = 7, families: int = 12) -> Observations:
    """Times by the engine's formulas with known coefficients and log-normal noise."""
    rng = np.random.default_rng(seed)
    backends = rng.choice(list(SLOWER), n)
    metric = rng.choice(["decode", "prefill", "ttft"], n, p=[0.5, 0.35, 0.15])
    inputs = make_inputs(rng, n)
    logs = {name: np.full(n, np.log(BASE[name])) for name in LEVELS}
    logs["weights"] = logs["weights"] + np.array([SLOWER[b] for b in backends])
    values = tuple(
        {
            "vendor": "V",
            "kind": "gpu",
            "architecture": "A",
            "device": f"d{i % 7}",
            "form_factor": "desktop",
            "peak_basis": "fp32",
            "server_basis": "tensor",
            "serves": "False",
            "speed_family": "k_quant",
            "format": "q4-k-m",
            "model": "m",
            "model_kind": "gqa",
            "runtime": "r",
            "backend": str(backends[i]),
            "*bandwidth": 0.0,
            "*matrix": 0.0,
            "*bits": 0.0,
            "*width": 0.0,
        }
        for i in range(n)
    )
    observations = Observations(
        ids=np.array([f"row{i}" for i in range(n)]),
        metric=metric,
        log_seconds=np.zeros(n),
        inputs=inputs,
        values=values,
        family=np.array([f"tester{i % families}" for i in range(n)]),
        model=np.array([f"m{i % 9}" for i in range(n)]),
        date_weight=np.ones(n),
    )
    truth = predict_log_seconds(observations, logs)
    object.__setattr__(observations, "log_seconds", truth + rng.normal(0, noise, n))
    return observations
