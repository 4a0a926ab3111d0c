"""The predictions that lie furthest off, each with what may be the reason."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from planner.calibration.floor import SetUps, others, set_ups
from planner.calibration.heldout import HeldOut
from planner.calibration.observations import year_of
from planner.calibration.store import rounded
from planner.calibration.subjects import Subject
from planner.figures import number, share, tokens

MOST = 24
MOST_OF_ONE_FAMILY = 2
# a measurement so many years older than the newest has the kernels of its time
OLD_YEARS = 2.0
LONG_CONTEXT = 32_768
# a platform whose usual error is so many times that of all rows is a reason of its own
POORLY_KNOWN = 1.5
_MEASURED = {
    "decode": "decode",
    "prefill": "prefill",
    "ttft": "the time to the first token",
    "served_decode": "decode of several sequences or devices",
    "served_ttft": "the time to the first token of several sequences or devices",
}

# what testers and collectors say of a row themselves
_SAID: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (r"lower bound", "the source calls it a lower bound"),
        (r"throttl|thermal|warm device", "the source speaks of heat or throttling"),
        (r"averages reported", "an average over prompts and outputs of many lengths"),
        (r"self-reported", "self-reported to a public list that nobody checks"),
        (r"before PR|before patch", "a build from before the patch that its tester measures"),
        (r"audio input|image input", "the prompt was no text"),
        (r"not stated|not in source", "part of the set-up is not stated in the source"),
        (r"infer(red|s)", "part of the set-up is inferred by whoever collected the row"),
    )
)


def worst_misses(subjects: Sequence[Subject], values: HeldOut) -> list[dict[str, Any]]:
    """Of the rows of one metric, those furthest from their prediction (as a ratio), with reasons."""
    ratio = np.abs(np.log(values.predicted / values.measured))
    order = np.lexsort((values.id, -ratio))
    explain = _Reasons(subjects, values)
    of_family: Counter[str] = Counter()
    found = []
    for i in order:
        subject = subjects[i]
        of_family[subject.family] += 1
        if of_family[subject.family] > MOST_OF_ONE_FAMILY:
            continue
        found.append(_miss(subject, values, int(i), explain.of(subject, float(values.measured[i]))))
        if len(found) == MOST:
            break
    return found


def _miss(subject: Subject, values: HeldOut, i: int, reasons: Sequence[str]) -> dict[str, Any]:
    return {
        "id": subject.id,
        "measured": rounded(float(values.measured[i])),
        "predicted": rounded(float(values.predicted[i])),
        "low": rounded(float(values.low[i])),
        "high": rounded(float(values.high[i])),
        "ratio": rounded(float(values.predicted[i] / values.measured[i])),
        "device": subject.device.name,
        "model": subject.model.name,
        "format": subject.format.name,
        "runtime": subject.runtime.name,
        "backend": subject.backend,
        "prompt_tokens": subject.prompt_tokens,
        "concurrency": subject.concurrency,
        "device_count": subject.device_count,
        "depth_tokens": subject.depth_tokens,
        "date": subject.source_date,
        "family": subject.family,
        "source_url": subject.source_url,
        "reasons": list(reasons),
    }


class _Reasons:
    """What can be told of a row from its own notes and from the rows beside it."""

    def __init__(self, subjects: Sequence[Subject], values: HeldOut) -> None:
        self._known: SetUps = set_ups(subjects, values.measured)
        self._devices = _families(subjects, lambda s: (s.device.slug, s.backend))
        self._runtimes = _families(subjects, lambda s: (s.runtime.slug, s.backend))
        self._models = _families(subjects, lambda s: s.model.slug)
        self._usual = _usual_errors(subjects, values)
        self._all = float(np.median(values.errors))
        years = [year_of(subject.source_date) for subject in subjects]
        self._newest = max((year for year in years if year is not None), default=0.0)

    def of(self, subject: Subject, measured: float) -> list[str]:
        """The reasons of one row, the most telling first."""
        found = []
        if subject.judged_only:
            found.append(f"left out of the fit, but counted: {subject.judged_only}")
        found += self._beside(subject, measured)
        found += [reason for pattern, reason in _SAID if pattern.search(subject.notes)]
        found += self._seldom(subject)
        year = year_of(subject.source_date)
        if year is None:
            found.append("the source states no date")
        elif self._newest - year > OLD_YEARS:
            found.append(f"measured in {int(year)}: builds have become faster since")
        if subject.depth_tokens >= LONG_CONTEXT:
            found.append(f"a long context: {tokens(subject.depth_tokens)} tokens")
        usual = self._usual[subject.platform]
        if usual > POORLY_KNOWN * self._all:
            found.append(f"predictions for {subject.platform} are off by {share(usual, 1)} in the median")
        return found or ["no reason found"]

    def _beside(self, subject: Subject, measured: float) -> list[str]:
        beside = others(self._known, subject)
        if not beside:
            return []
        middle = float(np.median(beside))
        times = max(middle, measured) / min(middle, measured)
        if times < 1.25:
            return [f"{_count(len(beside), 'other tester')} of the same set-up agree with it"]
        way = "more" if middle > measured else "less"
        return [f"{_count(len(beside), 'other tester')} of the same set-up: {number(times, 1)} times {way}"]

    def _seldom(self, subject: Subject) -> list[str]:
        found, measured = [], _MEASURED[subject.metric]
        if len(self._devices[subject.device.slug, subject.backend]) == 1:
            found.append(f"no other tester measured {measured} on this device ({subject.backend})")
        if len(self._runtimes[subject.runtime.slug, subject.backend]) == 1:
            found.append(
                f"no other tester measured {measured} with {subject.runtime.name} on {subject.backend}"
            )
        if len(self._models[subject.model.slug]) == 1:
            found.append(f"no other tester measured {measured} of this model")
        return found


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _families(
    subjects: Iterable[Subject], key_of: Callable[[Subject], object]
) -> Mapping[object, frozenset[str]]:
    found: dict[object, set[str]] = defaultdict(set)
    for subject in subjects:
        found[key_of(subject)].add(subject.family)
    return {key: frozenset(families) for key, families in found.items()}


def _usual_errors(subjects: Sequence[Subject], values: HeldOut) -> dict[str, float]:
    """Median error by platform."""
    errors = defaultdict(list)
    for subject, error in zip(subjects, values.errors.tolist(), strict=True):
        errors[subject.platform].append(error)
    return {platform: float(np.median(found)) for platform, found in errors.items()}
