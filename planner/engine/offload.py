"""Decode when part of the weights stays in the host's memory: the parts run one after the other.

time = time of the device with its remaining weights + bytes read on the host / (host bandwidth / c_weights)

Time is additive in the bytes on either side: https://github.com/ggml-org/llama.cpp/blob/master/tools/llama-bench/README.md
(a 7B model with 10 to 35 layers on the GPU). Routed experts move first, since few of them are read per token
(https://github.com/ggml-org/llama.cpp/pull/15077).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.engine.speed import Coefficients, SpeedInputs, decode_step_seconds, experts_touched_share
from planner.engine.tables import Floats


def moved_from_device(x: SpeedInputs, moved_bytes: Floats) -> tuple[SpeedInputs, Floats]:
    """The device's inputs without ``moved_bytes`` of weights, and the bytes that a step then reads on the host."""
    experts_moved = np.minimum(moved_bytes, x.expert_bytes)
    dense_moved = np.minimum(moved_bytes - experts_moved, x.dense_bytes)
    on_device = replace(
        x, dense_bytes=x.dense_bytes - dense_moved, expert_bytes=x.expert_bytes - experts_moved
    )
    touched = experts_touched_share(x.n_experts, x.n_experts_used, x.batch)
    return on_device, np.asarray(dense_moved + experts_moved * touched)


def offloaded_decode_seconds(
    x: SpeedInputs, c: Coefficients, moved_bytes: Floats, host_bandwidth_bytes_per_s: Floats
) -> Floats:
    """Time of one decode step with ``moved_bytes`` of the weights on the host; nan where its bandwidth is unknown.

    Arrays broadcast together; where nothing is moved it is the device's own time, exactly. The host's efficiency is
    taken as the device's: no host has rows of its own here.
    """
    on_device, read_on_host = moved_from_device(x, moved_bytes)
    on_host = np.asarray(read_on_host * c.weights / host_bandwidth_bytes_per_s)
    np.copyto(on_host, 0.0, where=moved_bytes == 0)
    return np.asarray(decode_step_seconds(on_device, c) + on_host)
