"""A sizing as one plain document: REST and the command line tell the same."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from planner.serving import words
from planner.serving.setups import MOST_SHOWN, SetUp, ranking, shown
from planner.serving.sizing import Sizing

DIGITS = 6  # significant; models of speed know no more


def document_of(sizing: Sizing, *, every: bool = False, limit: int = MOST_SHOWN) -> dict[str, Any]:
    """The answer; at most ``limit`` set-ups of each list."""
    ranked = ranking(sizing, every=every)
    priced = shown(sizing, ranked, ranked.priced[:limit])
    unpriced = shown(sizing, ranked, ranked.unpriced[:limit])
    best = (*priced, *unpriced)[0] if priced or unpriced else None
    return {
        "sentence": words.sentence(sizing, best),
        "question": asdict(sizing.question),
        "model": {"slug": sizing.model.slug, "name": sizing.model.name},
        "set_ups": [_set_up(found) for found in priced],
        "unpriced": [_set_up(found) for found in unpriced],
        "counts": {
            "looked_at": len(sizing.found),
            "serve": len(sizing),
            "set_ups": len(ranked.priced),
            "unpriced": len(ranked.unpriced),
        },
        "refused": sizing.refused,
        "alone": {"tpot_ms": _figure(sizing.best_tpot_ms), "ttft_ms": _figure(sizing.best_ttft_ms)},
        "notes": list(words.notes(sizing)),
        "snapshot": sizing.snapshot.sha256,
        "calibration": {
            "name": sizing.snapshot.active.name,
            "sha256": sizing.snapshot.calibration.sha256,
        },
    }


def _set_up(found: SetUp) -> dict[str, Any]:
    plain: dict[str, Any] = _rounded(asdict(found))
    for name in ("need_bytes", "limit_bytes"):
        plain[name] = round(getattr(found, name))
    plain["carried_by"] = found.carried_by or None
    return plain | {"name": found.name, "devices": found.devices, "breaks": found.breaks or None}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return _figure(value) if isinstance(value, float) else value


def _figure(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
