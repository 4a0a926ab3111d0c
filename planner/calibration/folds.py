"""Folds of whole groups, and how much the rows of one source family count."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from planner.engine.tables import Floats

# a family counts as at most this many rows, so that one tester's sweep does not decide
FAMILY_CAP = 20


def family_weights(family: npt.NDArray[np.str_], cap: int = FAMILY_CAP) -> Floats:
    """min(n, cap) / n for each row of a family of n rows."""
    _, inverse, counts = np.unique(family, return_inverse=True, return_counts=True)
    return np.asarray(np.minimum(counts, cap) / counts)[inverse]


def folds(groups: npt.NDArray[np.str_], n_folds: int) -> npt.NDArray[np.int64]:
    """Fold number of every row: whole groups, largest first into the emptiest fold, ties by a stable hash."""
    names, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = sorted(
        range(len(names)), key=lambda i: (-counts[i], hashlib.sha256(str(names[i]).encode()).hexdigest())
    )
    size = np.zeros(n_folds)
    fold_of = np.zeros(len(names), dtype=np.int64)
    for i in order:
        fold_of[i] = int(np.argmin(size))
        size[fold_of[i]] += counts[i]
    return fold_of[inverse]
