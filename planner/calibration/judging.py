"""Cross-validation by tester, by device and by model: how the held-out predictions are made."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor

import numpy as np
import numpy.typing as npt

from planner.calibration.conformal import Coverage
from planner.calibration.crossval import held_out_log_seconds
from planner.calibration.heldout import HeldOut, read_held_out, written
from planner.calibration.problem import TIMES, Design, Observations
from planner.calibration.settings import FOLDS, SETTINGS
from planner.engine.tables import Floats

# what a fold leaves out as a whole
TESTER, DEVICE, MODEL = ("tester", "device", "model")
Report = Callable[[str, int, int], None]


def groups_of(observations: Observations) -> dict[str, npt.NDArray[np.str_]]:
    """What every row belongs to, by each way of leaving out."""
    devices = np.array([str(values["device"]) for values in observations.values])
    return {TESTER: observations.family, DEVICE: devices, MODEL: observations.model}


def held_out_logs(
    design: Design, report: Report, processes: int | None = None, n_folds: int = FOLDS
) -> dict[str, Floats]:
    """Log seconds of every row with its tester, its device and its model left out: a process for each, by default."""
    groups = groups_of(design.observations)
    count = min(len(groups), os.cpu_count() or 1) if processes is None else processes
    if count <= 1:
        return {name: _predicted(design, name, of_row, n_folds, report) for name, of_row in groups.items()}
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        running: dict[str, Future[Floats]] = {
            name: pool.submit(_predicted, design, name, of_row, n_folds) for name, of_row in groups.items()
        }
        return {name: future.result() for name, future in running.items()}


def to_stderr(step: str, done: int, total: int) -> None:
    """Progress of a process that has no other way to tell."""
    sys.stderr.write(f"{step}: {done} of {total}\n")


def _predicted(
    design: Design, name: str, of_row: npt.NDArray[np.str_], n_folds: int, report: Report = to_stderr
) -> Floats:
    step = f"cross-validation, {name} left out"
    return held_out_log_seconds(design, of_row, SETTINGS, n_folds, lambda k, n: report(step, k, n))


def values_of(observations: Observations, log_seconds: Floats) -> Floats:
    """Rates (tokens/s) from log seconds of a step or a prompt, milliseconds for times to the first token."""
    seconds = np.exp(log_seconds)
    tokens = np.where(observations.metric == "prefill", observations.inputs.prompt_tokens, 1.0)
    return np.asarray(np.where(np.isin(observations.metric, TIMES), 1e3 * seconds, tokens / seconds))


def held_out(
    observations: Observations,
    logs: Mapping[str, Floats],
    coverage: Mapping[str, Coverage],
    platform: npt.NDArray[np.str_],
) -> HeldOut:
    """Put together what was predicted. ``coverage`` holds the intervals of each metric's rows, in their order."""
    predicted = values_of(observations, logs[TESTER])
    low, high = np.full((2, len(observations)), np.nan)
    for metric, part in coverage.items():
        rows = observations.metric == metric
        low[rows], high[rows] = predicted[rows] * np.exp(part.low), predicted[rows] * np.exp(part.high)
    values = HeldOut(
        id=observations.ids,
        metric=observations.metric,
        platform=platform,
        measured=values_of(observations, observations.log_seconds),
        predicted=predicted,
        low=low,
        high=high,
        device_never_seen=values_of(observations, logs[DEVICE]),
        model_never_seen=values_of(observations, logs[MODEL]),
    )
    return read_held_out(written(values))  # what is judged is what is written
