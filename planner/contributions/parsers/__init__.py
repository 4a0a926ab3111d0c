"""Readers of measurement files: pure functions from text to rows of the project's columns, or to reasons.

No Django and no catalog here: names are kept as the file writes them.
"""

from __future__ import annotations

from planner.contributions.parsers.detect import read
from planner.contributions.parsers.rows import FileFault, ParsedRow, Problem, Reading

__all__ = ["FileFault", "ParsedRow", "Problem", "Reading", "read"]
