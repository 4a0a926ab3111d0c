"""Folk formulas for decode speed, to be scored on the same rows as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from planner.engine.speed import SpeedInputs, experts_touched_share
from planner.engine.tables import Floats


def active_bytes(x: SpeedInputs) -> Floats:
    """Weights that one token reads: the reading of "bytes" that favours the folk formulas most."""
    touched = experts_touched_share(x.n_experts, x.n_experts_used, np.ones_like(x.n_experts))
    return x.dense_bytes + x.expert_bytes * touched


# log seconds per token of one sequence
DECODE_RIVALS: Mapping[str, Callable[[SpeedInputs], Floats]] = {
    "bandwidth / bytes": lambda x: np.log(active_bytes(x) / x.bandwidth_bytes_per_s),
    # AlexsJones/llmfit, llmfit-core/src/fit.rs: estimate_tps multiplies bandwidth over bytes by 0.55
    "0.55 * bandwidth / bytes": lambda x: np.log(active_bytes(x) / (0.55 * x.bandwidth_bytes_per_s)),
}
