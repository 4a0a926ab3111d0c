"""What a calibration file says of itself: read, checked and summed up without fitting anything."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from planner.engine.calibration import FORMULA_VERSION, SCHEMA, Calibration
from planner.engine.intervals import METRICS
from planner.engine.levels import LEVELS

# the shipped file has half a megabyte; a file of ten times as many groups still passes
MOST_BYTES = 20 * 2**20
# effects are in log units: no efficiency or time per layer lies so many powers of e away from its parent's
MOST_EFFECT = 60.0


class DocumentError(ValueError):
    """The text is no calibration file; the message says where and why."""


class OtherFormulaVersion(ValueError):
    """The calibration was fitted for other formulas than this engine's."""


@dataclass(frozen=True, slots=True)
class Document:
    """A calibration file with the head that its list shows."""

    text: str
    sha256: str
    schema: str
    formula_version: int
    data_sha256: str
    rows: Mapping[str, int]
    accuracy: Mapping[str, Mapping[str, float]]  # by metric: see ``accuracy_summary``

    @property
    def runs_here(self) -> bool:
        """Whether this engine's formulas are those that the coefficients belong to."""
        return self.formula_version == FORMULA_VERSION


def other_version_reason(formula_version: int) -> str:
    """Why a calibration of another formula version cannot answer."""
    return (
        f"It was fitted for formula version {formula_version}, and this engine has version {FORMULA_VERSION}: "
        "its coefficients mean something else there. Fit it anew with manage.py calibrate."
    )


def read_document(text: str) -> Document:
    """Read the head of a calibration file. Raises ``DocumentError`` where it is none."""
    document = _json(text)
    if document.get("schema") != SCHEMA:
        raise DocumentError(f"This is no calibration file: its schema is not “{SCHEMA}”.")
    version, data_sha256 = document.get("formula_version"), document.get("data_sha256")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DocumentError("The field formula_version is not a whole number from 1 on.")
    if not isinstance(data_sha256, str) or len(data_sha256) != 64:
        raise DocumentError("The field data_sha256 is not a SHA-256 of 64 hexadecimal digits.")
    rows = document.get("rows")
    if not isinstance(rows, dict) or not all(isinstance(n, int) and n >= 0 for n in rows.values()):
        raise DocumentError("The field rows does not give a number of measurements for each metric.")
    return Document(
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        schema=SCHEMA,
        formula_version=version,
        data_sha256=data_sha256,
        rows=rows,
        accuracy=accuracy_summary(document.get("accuracy")),
    )


def _json(text: str) -> dict[str, Any]:
    def refuse(constant: str) -> NoReturn:
        raise DocumentError(f"The file holds {constant}, which is no number.")

    try:
        document = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise DocumentError(f"This is not JSON: {error.msg} in line {error.lineno}.") from None
    except RecursionError:
        raise DocumentError("This is no calibration file: it is nested too deeply.") from None
    if not isinstance(document, dict):
        raise DocumentError("This is no calibration file: it does not hold one JSON object.")
    return document


def check_content(document: Document) -> None:
    """Raise ``DocumentError`` unless the engine can use every coefficient and interval of the file.

    The coefficients of another formula version are that version's business.
    """
    if not document.runs_here:
        return
    try:
        calibration = Calibration.from_json(document.text)
        _check_effects(calibration)
        _check_intervals(calibration)
    except DocumentError:
        raise
    except KeyError as error:
        raise DocumentError(f"The field {error} is missing.") from None
    except (TypeError, AttributeError, ValueError, IndexError) as error:
        raise DocumentError(f"A field does not have its form: {error}.") from None


def _check_effects(calibration: Calibration) -> None:
    for name in LEVELS:
        if "" not in calibration.effects.get(name, {}).get("", {}):
            raise DocumentError(f"The coefficient “{name}” has no common value.")
        for level, groups in calibration.effects[name].items():
            for key, effect in groups.items():
                if not abs(effect) <= MOST_EFFECT:
                    raise DocumentError(f"The effect {name}, {level or 'common'}, {key!r} is no sane number.")


def _check_intervals(calibration: Calibration) -> None:
    for metric in METRICS:
        rule = calibration.intervals.get(metric)
        if rule is None:
            raise DocumentError(f"The intervals of {metric} are missing.")
        ends = (end for pair in (rule.ends, *rule.backend_ends.values()) for end in pair)
        if not all(abs(figure) <= MOST_EFFECT for figure in (rule.log_scale, *rule.effects.values(), *ends)):
            raise DocumentError(f"The intervals of {metric} hold a figure that is no sane number.")


def accuracy_summary(accuracy: object) -> dict[str, dict[str, float]]:
    """Held-out figures by metric, those that the file states: median, p90, covered, width, rows, families."""
    found: dict[str, dict[str, float]] = {}
    for metric in METRICS:
        part = _part(accuracy, metric)
        score, interval = _part(part, "by_family"), _part(part, "interval")
        figures = {
            "median": score.get("median"),
            "p90": score.get("p90"),
            "covered": interval.get("covered"),
            "width": interval.get("median_width"),
            "rows": score.get("rows"),
            "families": score.get("families"),
        }
        found[metric] = {
            name: figure
            for name, figure in figures.items()
            if isinstance(figure, int | float) and math.isfinite(figure)
        }
    return found


def _part(mapping: object, key: str) -> Mapping[str, Any]:
    value = mapping.get(key) if isinstance(mapping, Mapping) else None
    return value if isinstance(value, Mapping) else {}
