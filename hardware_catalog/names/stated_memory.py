"""A stated memory size against the sizes that the maker sells: laptop parts, namesakes, modified cards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hardware_catalog.names.devices import DeviceTable, Query, figures_agree, reads_as
from hardware_catalog.names.resolution import AMBIGUOUS, NOT_IN_CATALOG, Resolution
from hardware_catalog.rows import DeviceRow

MODIFIED_FACTOR = 2.0  # memory chips of twice the capacity on the same board
_MODIFIED = re.compile(r"\bmod(?:ified|ded)?\b")


def checked(
    table: DeviceTable,
    result: Resolution,
    rows: Sequence[DeviceRow],
    query: Query,
    hint_gb: float | None,
    cleaned: str,
) -> Resolution:
    """The resolution after comparing the stated (or known) memory with what the entries are sold with.

    ``hint_gb`` is what a program or asker knows; it may point to a laptop part, but never refuses.
    """
    result = _with_namesakes(table, result, query)
    stated, count = query.facts.memory_gb, query.facts.count
    if stated is not None:
        fits = [row for row in rows if table.offers(row, stated, count) or not row.memory_options_gb]
        if fits and not count and not any(table.sold_with(row, stated) for row in fits):
            return replace(result, memory_gb=None)
        if fits and count and not any(table.offers(row, stated) for row in fits if row.memory_options_gb):
            # "dual 48 GB" is the sum over the devices; "2x 4090 48 GB" may also be cards of twice the memory.
            told = stated / count if count != MODIFIED_FACTOR or query.facts.summed else None
            return replace(result, memory_gb=told)
    else:
        fits = [row for row in rows if hint_gb is None or reads_as(row, hint_gb) or not row.memory_options_gb]
    size = stated if stated is not None else hint_gb
    if fits or size is None:
        return result
    others = [row for row in table.siblings(query) if table.offers(row, size)]
    if others:
        reason = f"{size:g} GB is the memory of {others[0].name}, not of {rows[0].name}."
        candidates = tuple((row.slug, row.name) for row in (*others, *rows))
        return replace(
            result,
            status=AMBIGUOUS,
            slug="",
            name="",
            candidates=candidates,
            figures_agree=False,
            reason=reason,
        )
    if stated is None:
        return result
    return _unlisted(result, rows, stated, _MODIFIED.search(cleaned) is not None)


def _unlisted(result: Resolution, rows: Sequence[DeviceRow], stated: float, modified: bool) -> Resolution:
    """No entry is sold with the stated memory. Lists of phones and computers may have gaps; cards are refused."""
    if rows[0].kind != "gpu":
        return replace(result, memory_unlisted=True)
    sizes = (MODIFIED_FACTOR * option for row in rows for option in row.memory_options_gb)
    if modified or any(abs(stated - size) < 0.51 for size in sizes):
        reason = f"{stated:g} GB is not sold by the maker: a modified card."
        return replace(result, memory_unlisted=True, reason=reason)
    reason = f"No {rows[0].name} with {stated:g} GB is in the catalog."
    return replace(result, status=NOT_IN_CATALOG, slug="", name="", figures_agree=False, reason=reason)


def _with_namesakes(table: DeviceTable, result: Resolution, query: Query) -> Resolution:
    """A plain name that is one card's own ("RTX 3080") stays, with its namesakes told."""
    if len(result.candidates) != 1 or query.facts.memory_gb is not None or result.rule == "slug":
        return result
    alike = table.find(query, plain=False)
    first = next((row for row in alike if row.slug == result.slug), None)
    others = [row for row in alike if row is not first]
    if first is None or not others:
        return result
    names = ", ".join(row.name for row in others)
    return replace(
        result,
        candidates=tuple((row.slug, row.name) for row in (first, *others)),
        figures_agree=figures_agree(alike),
        reason=f"Taken as the {first.name}, whose plain name this is; there is also {names}.",
    )
