"""How far a measurement lies from a plan: all weights in one place, pure numpy.

A distance is in the units of a logarithm of speed: about how much the two set-ups may differ in speed for a reason
that no published figure accounts for, and more so for one that a figure does. The weights below are judgements,
ordered by what moves the speed of writing most (the spreads of the calibration's levels are of the same order); they
only order the measurements that are shown, and no prediction rests on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Another device: its kernels, caches and clocks differ even where the bandwidth is the same; least within one
# architecture (an RTX 4080 for an RTX 4090), more across architectures of a vendor, most across vendors and kinds.
OTHER_DEVICE, OTHER_ARCHITECTURE, OTHER_VENDOR, OTHER_KIND = 0.25, 0.35, 0.50, 0.50
# The speed of writing goes with the bandwidth, so a ratio of two counts as its logarithm, 0.69. A device whose
# bandwidth is not known is taken as far as one of half or twice the bandwidth.
PER_LOG_BANDWIDTH, UNKNOWN_BANDWIDTH = 1.0, 0.69
# Another model: least within a family, more where the attention or the experts are of another kind. The speed goes
# with the weights that a token reads, less than in proportion, since layers cost time of their own.
OTHER_MODEL, OTHER_FAMILY, OTHER_MODEL_KIND = 0.05, 0.10, 0.45
PER_LOG_ACTIVE, PER_LOG_TOTAL = 0.70, 0.15
# Another format: the bytes that are read go with its bits; kernels of another family unpack them otherwise.
OTHER_FORMAT, OTHER_FORMAT_FAMILY, PER_LOG_BITS = 0.05, 0.15, 0.70
# Another program on the same backend mostly runs the same kernels; another backend has others.
OTHER_RUNTIME, OTHER_BACKEND = 0.15, 0.35
# A deeper conversation or a longer prompt changes the speed slowly: each doubling counts.
PER_DOUBLED_DEPTH, PER_DOUBLED_PROMPT = 0.04, 0.08
# Devices and conversations: half or twice as many changes the speed of each by tens of per cent.
PER_DOUBLED_DEVICES, PER_DOUBLED_USERS = 0.40, 0.30
# Programs get faster: of two equally near measurements the newer one is shown.
PER_YEAR = 0.03
UNDATED_YEARS = 3.0
# so many tokens are added before depths are compared: 16 and 64 tokens are the same to a decode step
DEPTH_OFFSET = 512.0

# Beyond this, a measurement says little about the plan: about a factor of three with everything else equal.
FAR = 1.2


@dataclass(frozen=True, slots=True)
class Entries:
    """Figures of the catalog entries that measurements refer to; -1 is an entry that is not stated.

    Device columns have shape [n_devices], model columns [n_models], format columns [n_formats]. Text columns are
    numbered: equal numbers mean equal texts.
    """

    architecture: Ints
    vendor: Ints
    kind: Ints
    log_bandwidth: Floats
    family: Ints
    model_kind: Ints
    log_active: Floats
    log_total: Floats
    format_family: Ints
    log_bits: Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Measurements of one metric as row numbers into the entries. Shape [n]."""

    device: Ints
    model: Ints
    format: Ints
    runtime: Ints
    backend: Ints
    doublings_of_devices: Floats  # log2 of how many worked together
    doublings_of_users: Floats
    doublings_of_depth: Floats  # as ``token_doublings``; nan: not stated
    doublings_of_prompt: Floats
    year: Floats  # nan: not stated


@dataclass(frozen=True, slots=True)
class Target:
    """The plan, in the same numbers."""

    device: int  # -1: a device of the asker's own
    log_bandwidth: float
    model: int
    format: int
    runtime: int
    backend: int
    devices: float
    users: float
    year: float  # the newest year among the measurements


def device_distance(entries: Entries, device: int, log_bandwidth: float) -> Floats:
    """From one device to all: [n_devices]."""
    gap = np.abs(entries.log_bandwidth - log_bandwidth) * PER_LOG_BANDWIDTH
    gap = np.where(np.isfinite(gap), gap, UNKNOWN_BANDWIDTH)
    if device < 0:
        return np.asarray(gap + OTHER_DEVICE + OTHER_ARCHITECTURE)
    other = (
        OTHER_DEVICE
        + OTHER_ARCHITECTURE * (entries.architecture != entries.architecture[device])
        + OTHER_VENDOR * (entries.vendor != entries.vendor[device])
        + OTHER_KIND * (entries.kind != entries.kind[device])
    )
    found = gap + other
    found[device] = 0.0
    return np.asarray(found)


def model_distance(entries: Entries, model: int) -> Floats:
    """From one model to all: [n_models]; an unpublished architecture is inf away."""
    found = (
        OTHER_MODEL
        + OTHER_FAMILY * (entries.family != entries.family[model])
        + OTHER_MODEL_KIND * (entries.model_kind != entries.model_kind[model])
        + PER_LOG_ACTIVE * np.abs(entries.log_active - entries.log_active[model])
        + PER_LOG_TOTAL * np.abs(entries.log_total - entries.log_total[model])
    )
    found[model] = 0.0
    return np.where(np.isfinite(found), found, np.inf)


def format_distance(entries: Entries, fmt: int) -> Floats:
    """From one format to all: [n_formats]."""
    gap = np.abs(entries.log_bits - entries.log_bits[fmt])
    found = (
        OTHER_FORMAT
        + OTHER_FORMAT_FAMILY * (entries.format_family != entries.format_family[fmt])
        + PER_LOG_BITS * np.where(np.isfinite(gap), gap, 0.69)
    )
    found[fmt] = 0.0
    return np.asarray(found)


def token_doublings(tokens: Floats | np.float64) -> Floats:
    """Tokens on the scale on which depths and prompts are compared."""
    return np.log2(tokens + DEPTH_OFFSET)


def standing_distances(entries: Entries, rows: Rows, target: Target) -> Floats:
    """From the plan's set-up to every measurement's, whatever lengths of text are asked for: [n]."""
    age = np.where(np.isfinite(rows.year), target.year - rows.year, UNDATED_YEARS)
    return np.asarray(
        device_distance(entries, target.device, target.log_bandwidth)[rows.device]
        + model_distance(entries, target.model)[rows.model]
        + format_distance(entries, target.format)[rows.format]
        + OTHER_RUNTIME * (rows.runtime != target.runtime)
        + OTHER_BACKEND * (rows.backend != target.backend)
        + PER_DOUBLED_DEVICES * np.abs(rows.doublings_of_devices - np.log2(target.devices))
        + PER_DOUBLED_USERS * np.abs(rows.doublings_of_users - np.log2(target.users))
        + PER_YEAR * age
    )


def token_distance(doublings: Floats, tokens: float, per_doubling: float) -> Floats:
    """From so many tokens to every measurement's (on the scale of ``token_doublings``): [n]; 0 where not stated."""
    found = np.abs(doublings - token_doublings(np.float64(tokens)))
    found *= per_doubling
    found[np.isnan(found)] = 0.0
    return np.asarray(found)
