"""Near names, for a refusal that helps: never taken by themselves."""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz import fuzz, process

from hardware_catalog.names.normalise import key

LIMIT = 5
LEAST_SCORE = 72.0
DIGIT_WEIGHT = 12.0  # what a number found in both names adds: "4090" matters more than "GeForce"


class CloseNames:
    """Keys of names and aliases, searched for near ones."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """``names``: key of a name to the slug that it names."""
        self._keys = list(names)
        self._slugs = list(names.values())

    def near(self, text: str, limit: int = LIMIT) -> list[str]:
        """Slugs of the nearest names, nearest first; [] when nothing is near."""
        wanted = key(text)
        if not wanted or not self._keys:
            return []
        numbers = {word for word in wanted.split() if any(c.isdigit() for c in word)}
        found = process.extract(wanted, self._keys, scorer=fuzz.token_sort_ratio, limit=40, score_cutoff=40.0)
        found += process.extract(
            wanted, self._keys, scorer=fuzz.token_set_ratio, limit=20, score_cutoff=LEAST_SCORE
        )
        scores: dict[str, float] = {}
        for name, score, position in found:
            shared = len(numbers & set(name.split()))
            slug = self._slugs[position]
            scores[slug] = max(scores.get(slug, 0.0), score + DIGIT_WEIGHT * shared)
        ordered = sorted(scores.items(), key=lambda item: -item[1])
        return [slug for slug, score in ordered if score >= LEAST_SCORE][:limit]
