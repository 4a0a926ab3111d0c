"""What is exported: rows that SQL finds, under names that say their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of the file. ``name`` carries the unit: ``need_bytes``, ``decode_tps``.

    ``sql`` is its value; where there are ``values``, it is a place among them instead, from 0.
    """

    name: str
    sql: str
    is_text: bool = False
    values: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class ExportTable:
    """Rows to export: ``SELECT columns FROM rows ORDER BY order``.

    ``rows`` is what stands after FROM, with its conditions and without joins, so that rows keep their order where no
    ``order`` is asked for. Names of ``parameters`` do not begin with ``values_``.
    """

    columns: Sequence[ExportColumn]
    rows: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    order: str = ""  # of the columns of ``rows``; "": as they come

    @classmethod
    def of_lists(cls, columns: Mapping[str, Sequence[Any]]) -> ExportTable:
        """Rows that stand in lists of one length, by column: texts, or numbers; ``None`` where a value is unknown."""
        lengths = {len(values) for values in columns.values()}
        if len(lengths) != 1:
            raise ValueError(f"columns of one table have one length, not {sorted(lengths)}")
        found = tuple(
            ExportColumn(name, "place", any(isinstance(value, str) for value in values), values)
            for name, values in columns.items()
        )
        return cls(found, f"range({lengths.pop()}) AS places(place)")
