"""Which entries a selection's filters mean: those of the catalog's lists, and for weight formats some of their own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from hardware_catalog.bounds import BITS_PER_ELEMENT_MAX
from hardware_catalog.rows import FormatRow
from planner.catalog_pages.caching import per_snapshot
from planner.catalog_pages.devices import DEVICES
from planner.catalog_pages.list_form import ListForm
from planner.catalog_pages.lists import Bound, Choice, Kind, select
from planner.catalog_pages.machines import MACHINES
from planner.catalog_pages.models import MODELS
from planner.plans.suggest import FAMILIES
from planner.snapshot import Snapshot

# The words of a search, as in the catalog's lists: each stands in the name, or each in one alias.
SEARCH = "q"


@per_snapshot
def _format_lines(snapshot: Snapshot) -> dict[str, FormatRow]:
    return {row.slug: row for row in snapshot.rows.formats}


# a kind without a page: only its filters are used
FORMATS = Kind[FormatRow](
    key="formats",
    noun="weight format",
    nouns="weight formats",
    ranked="format",
    title="Weight formats",
    lede="",
    placeholder="q4_k_m, fp8, awq",
    columns=(),
    filters=(
        Choice("family", "Family", lambda f: f.family, FAMILIES, is_main=True),
        Bound(
            "bits_least",
            "Bits per weight",
            lambda f: f.nominal_bits_per_weight,
            BITS_PER_ELEMENT_MAX,
            "",
            "4",
            is_main=True,
        ),
        Bound(
            "bits_most",
            "Bits per weight",
            lambda f: f.nominal_bits_per_weight,
            BITS_PER_ELEMENT_MAX,
            "",
            "8.5",
            is_most=True,
            is_main=True,
        ),
    ),
    lines=_format_lines,
    usual_order="as in the catalog",
)
KINDS: Mapping[str, Kind[Any]] = {
    "machines": MACHINES,
    "devices": DEVICES,
    "models": MODELS,
    "formats": FORMATS,
}


class FilterError(Exception):
    """Filters that cannot be applied or that nothing passes; ``texts`` say what is wrong and what to do."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(" ".join(texts))
        self.texts = list(texts)


@dataclass(frozen=True, slots=True)
class Found:
    """Slugs that pass the filters, and what is said of those that could not be judged."""

    slugs: tuple[str, ...]
    left_out: tuple[str, ...]


def filtered(axis: str, where: Mapping[str, str], snapshot: Snapshot) -> Found:
    """The entries that pass the filters, in the list's order. Raises ``FilterError``."""
    kind = KINDS[axis]
    known = [item.key for item in kind.filters]
    texts = [_no_filter(kind, key, known) for key in where if key not in (SEARCH, *known)]
    if texts:
        raise FilterError(texts)
    data = QueryDict(mutable=True)
    data.update(where)
    form = ListForm(kind, snapshot, data)
    if not form.is_valid():
        raise FilterError([f"{label}: {text}" if label else text for _, label, text in form.reasons])
    lines = kind.lines(snapshot)
    holds = _search(form.cleaned_data[SEARCH], kind, snapshot)
    searched = (line for slug, line in lines.items() if holds(slug))
    found = select(kind, searched, len(lines), form.wanted, "")
    if not found.lines:
        raise FilterError([f"No {kind.noun} passes these filters. Leave one out, or ask for less by it."])
    slugs = {id(line): slug for slug, line in lines.items()}
    figures = {item.key: item.figure.lower() for item in kind.filters}
    return Found(
        tuple(slugs[id(line)] for line in found.lines),
        tuple(
            f"{count:,} {kind.noun if count == 1 else kind.nouns} left out, since no source states the {figures[key]}."
            for key, count in found.unknown.items()
        ),
    )


def _no_filter(kind: Kind[Any], key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean “{near[0]}”?" if near else f"There are {', '.join(known)}."
    return f"{kind.nouns.capitalize()} cannot be filtered by “{key[:60]}”. {hint}"


def _search(text: str, kind: Kind[Any], snapshot: Snapshot) -> Callable[[str], bool]:
    """Whether the entry of a slug holds every word of the search, as hardware_catalog.search asks the database.

    A sweep asks its snapshot instead, which does not change.
    """
    words = [_word(word) for word in text.split()]
    entries: Mapping[str, Any] = getattr(snapshot, kind.key)

    def holds(slug: str) -> bool:
        entry = entries[slug]
        names: Iterable[str] = (entry.name, *entry.aliases)
        return any(all(word.search(name) for word in words) for name in names)

    return holds


def _word(word: str) -> re.Pattern[str]:
    """A word anywhere in a name; a number only as a whole ("8" is not in "80")."""
    if word.isascii() and word.isdigit():
        return re.compile(rf"(^|[^0-9.]){word}([^0-9]|$)")
    return re.compile(re.escape(word), re.IGNORECASE)
