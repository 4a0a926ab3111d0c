"""How far testers of the same set-up lie apart: no prediction that knows only the set-up can do better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from planner.calibration.store import rounded
from planner.calibration.subjects import Subject
from planner.engine.intervals import SERVED

# tokens at which a workload counts as another one: of context for decode, of prompt and context else
WORKLOAD_EDGES = (2_048, 8_192, 32_768)
Key = tuple[object, ...]
# by set-up, then by source family: what its rows measured
SetUps = dict[Key, dict[str, list[float]]]


def workload(subject: Subject) -> Key:
    """The bucket of a row's workload."""
    if subject.metric in SERVED.values():
        return (subject.concurrency, subject.device_count, subject.prompt_tokens, subject.output_tokens)
    depth = int(np.searchsorted(WORKLOAD_EDGES, subject.depth_tokens, side="right"))
    if subject.metric == "decode":
        return (depth,)
    return (int(np.searchsorted(WORKLOAD_EDGES, subject.prompt_tokens, side="right")), depth)


def set_up(subject: Subject) -> Key:
    """What two testers must share to have measured the same thing."""
    return (
        subject.metric,
        subject.device.slug,
        subject.model.slug,
        subject.format.slug,
        subject.runtime.slug,
        subject.backend,
        *workload(subject),
    )


def set_ups(subjects: Iterable[Subject], measured: Iterable[float]) -> SetUps:
    """The measured values by set-up and tester."""
    found: SetUps = defaultdict(lambda: defaultdict(list))
    for subject, value in zip(subjects, measured, strict=True):
        found[set_up(subject)][subject.family].append(value)
    return found


def others(known: SetUps, subject: Subject) -> list[float]:
    """What other testers of the subject's set-up measured: one value each."""
    return [
        float(np.median(values))
        for family, values in known.get(set_up(subject), {}).items()
        if family != subject.family
    ]


def _spread(ratios: Sequence[float]) -> dict[str, Any]:
    """Median and 90th percentile of (larger / smaller - 1)."""
    if not ratios:
        return {"pairs": 0, "median": None, "p90": None}
    apart = np.array(ratios) - 1
    return {
        "pairs": len(ratios),
        "median": rounded(float(np.median(apart))),
        "p90": rounded(float(np.quantile(apart, 0.9))),
    }


def _ratios(values: Sequence[float]) -> Iterator[float]:
    for one, other in combinations(values, 2):
        yield max(one, other) / min(one, other)


def floor(subjects: Sequence[Subject], measured: Sequence[float]) -> dict[str, Any]:
    """The spread between testers (median of each), between one source's own rows of one workload, and as stated."""
    known = set_ups(subjects, measured)
    shared = {key: testers for key, testers in known.items() if len(testers) > 1}
    medians = [[float(np.median(values)) for values in testers.values()] for testers in shared.values()]
    between = [ratio for values in medians for ratio in _ratios(values)]
    best = [abs(value / float(np.median(values)) - 1) for values in medians for value in values]
    return {
        "testers": {
            **_spread(between),
            "set_ups": len(shared),
            "families": len({family for testers in shared.values() for family in testers}),
            # error of the best single figure for a set-up: the middle of its testers
            "middle_median": rounded(float(np.median(best))) if best else None,
            "middle_p90": rounded(float(np.quantile(best, 0.9))) if best else None,
        },
        "repeats": _spread(list(_repeats(subjects, measured))),
        "stated": _stated(subjects),
    }


def _stated(subjects: Sequence[Subject]) -> dict[str, Any]:
    """Standard deviations over the value, where testers repeated a run and state one."""
    stated = [subject.relative_stddev for subject in subjects if subject.relative_stddev > 0]
    return {
        "rows": len(stated),
        "median": rounded(float(np.median(stated))) if stated else None,
        "p90": rounded(float(np.quantile(stated, 0.9))) if stated else None,
    }


def _repeats(subjects: Sequence[Subject], measured: Sequence[float]) -> Iterator[float]:
    """Ratios of one source's rows of the very same workload; equal values are one run told twice."""
    by_key: Mapping[Key, set[float]] = defaultdict(set)
    for subject, value in zip(subjects, measured, strict=True):
        key = (*set_up(subject), subject.family, subject.prompt_tokens, subject.depth_tokens)
        by_key[*key, subject.output_tokens, subject.runtime_version].add(value)
    for values in by_key.values():
        yield from _ratios(sorted(values))
