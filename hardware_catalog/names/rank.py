"""Order of a type-ahead: the name itself, its beginning, all words, near names; newer entries first among equals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from hardware_catalog.names.models import VARIANT_WORDS
from hardware_catalog.names.models import tokens as model_tokens
from hardware_catalog.names.normalise import clean, key
from hardware_catalog.names.words import FILLER, words

EXACT, SAME_WORDS, PREFIX, ALL_WORDS = 0, 1, 2, 3
LEAST_FUZZY = 60.0


@dataclass(frozen=True, slots=True)
class Searchable:
    """An entry as the type-ahead sees it."""

    kind: str  # "device" | "machine" | "model" | "format" | "kv_format" | "runtime"
    slug: str
    name: str
    year: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Prepared:
    entry: Searchable
    keys: tuple[str, ...]
    words: frozenset[str]
    plain: str
    core: frozenset[str]  # words of the name that tell it apart: "RTX 4090" of "NVIDIA GeForce RTX 4090"


class Ranker:
    """Searches entries of one or more kinds."""

    def __init__(self, entries: Sequence[Searchable]) -> None:
        self._prepared = [_prepare(entry) for entry in entries]
        self._by_kind: dict[str, list[_Prepared]] = {}
        for item in self._prepared:
            self._by_kind.setdefault(item.entry.kind, []).append(item)

    def rank(self, text: str, kinds: Sequence[str], limit: int = 10) -> list[Searchable]:
        """At most ``limit`` entries for what was typed so far; the newest entries for an empty text."""
        items = [item for kind in kinds for item in self._by_kind.get(kind, [])]
        wanted = key(text)
        if not wanted:
            return [item.entry for item in sorted(items, key=lambda i: (-i.entry.year, i.plain))[:limit]]
        typed = _typed(wanted)
        core = _core(text, model="model" in kinds)
        scored: list[tuple[int, int, int, str, Searchable]] = []
        for item in items:
            tier = _tier(item, wanted, typed, core)
            if tier is not None:
                scored.append((tier, -item.entry.year, len(item.plain), item.plain, item.entry))
        scored.sort(key=lambda row: row[:4])
        found = [row[4] for row in scored[:limit]]
        if len(found) < limit and len(wanted) >= 3:
            found += _fuzzy(items, wanted, limit - len(found), {entry.slug for entry in found})
        return found


def _prepare(entry: Searchable) -> _Prepared:
    names = (entry.name, entry.slug, *entry.aliases)
    found: set[str] = set()
    for name in names:
        cleaned = clean(name)
        found.update(model_tokens(cleaned) if entry.kind == "model" else words(cleaned))
        found.update(key(name).split())
    keys = tuple(dict.fromkeys(key(name) for name in names))
    core = _core(entry.name, model=entry.kind == "model")
    return _Prepared(entry, keys, frozenset(found), key(entry.name), core)


def _core(name: str, *, model: bool) -> frozenset[str]:
    cleaned = clean(name)
    found = model_tokens(cleaned) if model else words(cleaned)
    return frozenset(found) - (VARIANT_WORDS if model else FILLER)


def _typed(wanted: str) -> list[list[str]]:
    """The typed words; a compound may also be met by its parts ("rtx4090" by "rtx" and "4090")."""
    return [[word, *([] if len(parts := words(word)) < 2 else parts)] for word in wanted.split()]


def _tier(item: _Prepared, wanted: str, typed: list[list[str]], core: frozenset[str]) -> int | None:
    if any(name == wanted for name in item.keys):
        return EXACT
    if core and item.core == core:
        return SAME_WORDS
    if any(name.startswith(wanted) for name in item.keys):
        return PREFIX
    for first, *parts in typed:
        whole = any(word.startswith(first) for word in item.words)
        if not whole and not (
            parts and all(any(word.startswith(part) for word in item.words) for part in parts)
        ):
            return None
    return ALL_WORDS


def _fuzzy(items: Sequence[_Prepared], wanted: str, limit: int, taken: set[str]) -> list[Searchable]:
    rest = [item for item in items if item.entry.slug not in taken]
    found = process.extract(
        wanted,
        [item.plain for item in rest],
        scorer=fuzz.token_set_ratio,
        limit=limit * 4,
        score_cutoff=LEAST_FUZZY,
    )
    ordered = sorted(found, key=lambda match: (-round(match[1]), -rest[match[2]].entry.year, match[0]))
    return [rest[position].entry for _, _, position in ordered[:limit]]
