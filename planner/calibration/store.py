"""The calibration file: an immutable JSON of coefficients and residual quantiles, and writing it.

Sorted keys and nine significant digits: the same data give the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.calibration.conformal import Intervals
from planner.calibration.fit import Fit, Parameter
from planner.engine.calibration import FORMULA_VERSION, SCHEMA


def rounded(value: float) -> float:
    """Nine significant digits."""
    return float(f"{value:.9g}")


def coefficient_groups(parameters: tuple[Parameter, ...], fit: Fit) -> dict[str, dict[str, dict[str, Any]]]:
    """{coefficient: {level: {key: {effect, standard_error, rows}}}}, in log units; without empty groups."""
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for parameter, effect, error, rows in zip(
        parameters, fit.effects, fit.standard_errors, fit.counts, strict=True
    ):
        if not rows and parameter.level:
            continue
        level = groups.setdefault(parameter.coefficient, {}).setdefault(parameter.level, {})
        level[parameter.key] = {
            "effect": rounded(effect),
            "standard_error": rounded(error),
            "rows": int(rows),
        }
    return groups


def _interval_document(rule: Intervals) -> dict[str, Any]:
    return {
        "log_scale": rounded(rule.log_scale),
        "effects": {name: rounded(effect) for name, effect in rule.effects.items()},
        "ends": [rounded(end) for end in rule.ends],
        "backend_ends": {name: [rounded(end) for end in ends] for name, ends in rule.backend_ends.items()},
        "tails": list(rule.tails),
    }


def document(
    *,
    parameters: tuple[Parameter, ...],
    fit: Fit,
    intervals: Mapping[str, Intervals],
    data_sha256: str,
    rows_by_metric: Mapping[str, int],
    accuracy: Mapping[str, Any],
) -> dict[str, Any]:
    """The calibration as plain JSON values."""
    return {
        "schema": SCHEMA,
        "formula_version": FORMULA_VERSION,
        "data_sha256": data_sha256,
        "rows": dict(rows_by_metric),
        "coefficients": coefficient_groups(parameters, fit),
        "intervals": {metric: _interval_document(rule) for metric, rule in intervals.items()},
        "accuracy": accuracy,
    }


def dumps(content: Mapping[str, Any]) -> str:
    """The text of a calibration file or of its report."""
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def sha256_of(text: str) -> str:
    """What a calibration file is known by."""
    return hashlib.sha256(text.encode()).hexdigest()


def write(text: str, path: Path) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
