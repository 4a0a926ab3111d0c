"""A calibration as the engine uses it: level effects bound to the rows of the tables, and interval quantiles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.engine.factors import Factors, PairsInUse
from planner.engine.grid import Axes
from planner.engine.levels import LEVELS
from planner.engine.speed import Coefficients

SCHEMA = "sizewise-calibration-1"
# raised whenever a formula of planner.engine.speed or a level changes its meaning
FORMULA_VERSION = 3


@dataclass(frozen=True, slots=True)
class IntervalRule:
    """How intervals of one metric are made: see planner.engine.intervals."""

    log_scale: float
    effects: Mapping[str, float]  # by group name
    ends: tuple[float, float]
    backend_ends: Mapping[str, tuple[float, float]]
    level_effects: Mapping[
        str, Mapping[str, float]
    ]  # the effects of groups that are levels, by level and key


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients by level and interval rules by metric; ``effects[name][level][key]`` is in log units."""

    effects: Mapping[str, Mapping[str, Mapping[str, float]]]
    rows: Mapping[str, Mapping[str, Mapping[str, int]]]
    intervals: Mapping[str, IntervalRule]
    sha256: str

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Parse a calibration file. Raises ``ValueError`` for another schema or formula version."""
        document: dict[str, Any] = json.loads(text)
        if document.get("schema") != SCHEMA:
            raise ValueError(f"not a calibration file of schema {SCHEMA}: {document.get('schema')!r}")
        if document["formula_version"] != FORMULA_VERSION:
            raise ValueError(
                f"calibration was fitted for formula version {document['formula_version']}, "
                f"this engine has {FORMULA_VERSION}: run manage.py calibrate"
            )
        coefficients = document["coefficients"]
        return cls(
            effects=_values(coefficients, "effect"),
            rows=_values(coefficients, "rows"),
            intervals={metric: _interval_rule(rule) for metric, rule in document["intervals"].items()},
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )

    def bind(self, pairs: PairsInUse) -> BoundCoefficients:
        """Make the factors of the (axis row, runtime row) pairs in use."""
        return BoundCoefficients(
            {
                name: pairs.factors(pairs.sum(levels, self.effects.get(name, {})))
                for name, levels in LEVELS.items()
            }
        )


def _interval_rule(rule: Mapping[str, Any]) -> IntervalRule:
    effects = {name: float(effect) for name, effect in rule["effects"].items()}
    level_effects: dict[str, dict[str, float]] = {}
    for name, effect in effects.items():
        level, _, key = name.partition("=")
        level_effects.setdefault(level, {})[key] = effect
    return IntervalRule(
        log_scale=float(rule["log_scale"]),
        effects=effects,
        ends=(float(rule["ends"][0]), float(rule["ends"][1])),
        backend_ends={name: (float(low), float(high)) for name, (low, high) in rule["backend_ends"].items()},
        level_effects=level_effects,
    )


def _values(coefficients: Mapping[str, Any], field: str) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        name: {
            level: {key: group[field] for key, group in groups.items()} for level, groups in levels.items()
        }
        for name, levels in coefficients.items()
    }


@dataclass(frozen=True, slots=True)
class BoundCoefficients:
    """Coefficients as factors over (axis row, runtime row), by name."""

    factors: Mapping[str, Factors]

    def at(self, rows: Axes) -> Coefficients:
        """Coefficients of the given plans."""
        return Coefficients(**{name: factors.at(rows) for name, factors in self.factors.items()})
