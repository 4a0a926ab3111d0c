"""Figures as files write them."""

from __future__ import annotations

import math
import re

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_LONGEST = 40


def figure(text: str) -> float:
    """The number that a text says ("1234.5", "1,234.5", "1e3"). Raises ``ValueError`` with what is wrong."""
    text = text.strip()
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    if len(text) <= _LONGEST:
        if _PLAIN.fullmatch(text):
            return float(text)
        if _GROUPED.fullmatch(text):
            return float(text.replace(",", ""))
        if re.fullmatch(r"\d+,\d+", text):
            raise ValueError(f"“{shown}” has a decimal comma: write a point")
        if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            raise ValueError(f"“{shown}” is not a measured value")
    raise ValueError(f"“{shown}” is not a number")


def within(value: float, low: float, high: float) -> float:
    """The value itself. Raises ``ValueError`` where it lies outside the range."""
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{value:g} is not between {low:g} and {high:g}")
    return value


def plain(value: float) -> str:
    """A figure as the project's CSV writes it: up to 9 significant digits, no exponent for usual sizes."""
    text = f"{value:.9g}"
    return f"{value:.0f}" if "e+" in text else text
