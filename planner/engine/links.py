"""What devices that share a layer say to one another: two all-reduces a layer, each of all tokens' hidden states.

An all-reduce takes its latency, and the time that its bytes need on the links: ``2 (n-1)/n`` times the message over
what the links reach of their stated rate. Latency and share are medians of measured all-reduces over 2, 4 and 8
devices (graph kernels of vLLM, SGLang and TensorRT-LLM on A100, H100, H200, B200, B300, GB200, GB300, L40S and
RTX PRO 6000: https://github.com/ai-dynamo/aiconfigurator/tree/main/aic-core/src/aiconfigurator_core/systems/data).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# kinds of links: none stated, between devices directly (NVLink), through the host (PCIe)
NO_LINK, DIRECT, THROUGH_HOST = 0, 1, 2
# seconds of a small all-reduce; over PCIe each further device adds as much
DIRECT_LATENCY_S, THROUGH_HOST_LATENCY_S_PER_DEVICE = 4.7e-6, 3.2e-6
# share of the stated rate that large messages reach: between 2, 4 and 8 devices; PCIe's falls with their number
DIRECT_SHARES = (np.array([2.0, 4.0, 8.0]), np.array([0.65, 0.72, 0.81]))
THROUGH_HOST_SHARE_OF_TWO = 0.61
ALL_REDUCES_PER_LAYER = 2.0
BYTES_PER_ELEMENT = 2.0  # activations are exchanged in 16 bits


def all_reduce_seconds(
    kind: Ints, link_bytes_per_s: Floats, n_devices: Floats, hidden: Floats, n_layers: Floats
) -> tuple[Floats, Floats]:
    """Seconds of the all-reduces of one pass over the layers: whatever the tokens, and for each token.

    ``link_bytes_per_s``: stated rate of one device in one direction. Both are 0 for one device, and where no link
    is stated. Arrays broadcast together.
    """
    known = (n_devices > 1) & (kind != NO_LINK) & np.isfinite(link_bytes_per_s)
    direct = kind == DIRECT
    latency = np.where(direct, DIRECT_LATENCY_S, THROUGH_HOST_LATENCY_S_PER_DEVICE * n_devices)
    share = np.where(
        direct,
        np.interp(n_devices, *DIRECT_SHARES),
        THROUGH_HOST_SHARE_OF_TWO * 2.0 / np.maximum(n_devices, 2.0),
    )
    moved = BYTES_PER_ELEMENT * hidden * 2.0 * (n_devices - 1.0) / n_devices
    per_pass = ALL_REDUCES_PER_LAYER * n_layers
    rate = np.where(known, link_bytes_per_s, 1.0) * share
    return np.where(known, per_pass * latency, 0.0), np.where(known, per_pass * moved / rate, 0.0)
