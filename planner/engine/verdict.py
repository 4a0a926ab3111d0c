"""Does it fit? The verdict compares a plan's need, and the upper bound of it, with what a process may use."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.engine.units import GIB

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

# A verdict's code is its place here, best first.
VERDICTS: tuple[str, ...] = ("fits", "tight", "offload", "no", "unknown")
FITS, TIGHT, OFFLOAD, NO, UNKNOWN = range(5)

WORDS = {
    "fits": "fits",
    "tight": "tight",
    "offload": "fits with offload",
    "no": "does not fit",
    "unknown": "not known",
}

# Room that a comfortable fit leaves free: the product's own definition of "fits".
MARGIN_BYTES = 0.5 * GIB
MARGIN_SHARE = 0.05


class Verdict(NamedTuple):
    """Codes into VERDICTS, and bytes, [n_plans]."""

    code: Codes
    margin_bytes: Floats  # that "fits" leaves free
    spare_bytes: Floats  # limit less need; negative: what is missing on the devices
    host_spare_bytes: (
        Floats  # host limit less the host's need with what had to move there; nan without offload
    )


class Needs(NamedTuple):
    """What plans need, in bytes, [n_plans]."""

    device: Floats  # all devices together, central
    device_high: Floats  # its upper bound
    device_least: Floats  # what must stay on the devices whatever moves to the host: buffers, runtime
    host: Floats  # beside the devices, with nothing moved


def margin_bytes(limit_bytes: Floats) -> Floats:
    """max(0.5 GiB, 5 % of the limit)."""
    return np.asarray(np.maximum(MARGIN_BYTES, MARGIN_SHARE * limit_bytes))


def judge(needs: Needs, limit_bytes: Floats, host_limit_bytes: Floats) -> Verdict:
    """Verdicts of plans against the limit of all devices together and the host's.

    fits: the upper bound of the need leaves the margin free; tight: the need is within the limit; offload:
    what is missing goes to host memory, which has room for it; no: neither. A need or limit that is ``nan``
    is unknown. ``host_limit_bytes`` is 0 where no host memory is stated: then nothing can move, and the
    host's own need does not count. Unified machines have no separate host: all is in ``device``.
    """
    margin = margin_bytes(limit_bytes)
    spare = np.asarray(limit_bytes - needs.device)
    within = spare >= 0
    has_host = host_limit_bytes > 0
    placed, host_spare = within, np.full((), np.nan)
    if has_host.any():
        host_room = np.where(has_host, host_limit_bytes, np.nan)
        host_spare = np.minimum(spare, 0.0)
        host_spare += host_room - needs.host
        within = within & (~has_host | (host_limit_bytes >= needs.host))
        placed = within | ((host_spare >= 0) & (needs.device_least <= limit_bytes))
    comfortable = within & (needs.device_high <= limit_bytes - margin)
    # each verdict asks for less than the one before: its code counts what a plan is not
    code = (~comfortable).view(np.uint8) + (~within).view(np.uint8) + (~placed).view(np.uint8)
    code += np.isnan(spare).view(np.uint8)
    return Verdict(code, margin, spare, np.broadcast_to(host_spare, spare.shape))


# contexts looked at in one evaluation of the need
_SEARCH_POINTS = 256


def longest_context(
    need_at: Callable[[Ints], Floats],
    limit_bytes: float,
    max_context_tokens: int,
    step: int = 256,
    known: tuple[int, int | None] = (0, None),
) -> int:
    """Most context tokens of one plan, a multiple of ``step`` or the maximum itself, whose need is within the limit.

    ``need_at`` gives the plan's need at each of the contexts asked for and must not fall as they grow. 0 where
    not even one step fits. ``known``: a context that is within the limit, and one that is not, to search between.
    """
    within_tokens, beyond_tokens = known
    low, high = within_tokens // step, -(-max_context_tokens // step)
    if within_tokens >= max_context_tokens:
        return max_context_tokens
    if beyond_tokens is not None:
        high = min(high, -(-beyond_tokens // step) - 1)
    while low < high:
        points = np.unique(np.linspace(low + 1, high, min(_SEARCH_POINTS, high - low)).astype(np.int64))
        within = need_at(np.minimum(points * step, max_context_tokens)) <= limit_bytes
        n_within = int(np.count_nonzero(within))
        if n_within < len(points):
            high = int(points[n_within]) - 1
        if n_within:
            low = int(points[n_within - 1])
    return min(low * step, max_context_tokens)
