"""One model text to a Resolution."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from hardware_catalog.names.close import CloseNames
from hardware_catalog.names.format_words import take_format
from hardware_catalog.names.models import Found, ModelTable, figures_agree, parse_cleaned
from hardware_catalog.names.normalise import clean, key
from hardware_catalog.names.resolution import AMBIGUOUS, NOT_IN_CATALOG, OK, Resolution
from hardware_catalog.rows import ModelRow


class ModelResolver:
    """Resolves model texts against the catalog's models."""

    def __init__(self, models: Sequence[ModelRow], tags: Mapping[str, str] | None = None) -> None:
        """``tags``: Ollama tags whose model the name alone does not tell, to a slug ("" = not in the catalog)."""
        self._rows = {row.slug: row for row in models}
        self._table = ModelTable(models)
        self._tags: dict[str, list[str]] = defaultdict(list)
        for tag, slug in (tags or {}).items():
            if slug == "" or slug in self._rows:
                self._tags[tag] = [slug] if slug else []
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._aliases: dict[str, list[str]] = defaultdict(list)
        for row in models:
            for name in (row.slug, row.name, row.hf_repo):
                _remember(self._exact[key(name)], row.slug)
            for alias in row.aliases:
                if ":" in alias:
                    _remember(self._tags[clean(alias)], row.slug)
                else:
                    _remember(self._aliases[key(alias)], row.slug)
        every = {
            **{name: slugs[0] for name, slugs in self._aliases.items()},
            **{n: s[0] for n, s in self._exact.items()},
        }
        self._close = CloseNames(every)

    def resolve(self, text: str) -> Resolution:
        """See NameIndex.resolve_model."""
        cleaned = clean(text)
        if not cleaned:
            return Resolution("model", text, NOT_IN_CATALOG, reason="No model is named.")
        bare, format_text = take_format(cleaned)
        tag = next((name for name in (cleaned, bare.strip(" -")) if name in self._tags), None)
        if tag is not None:
            slugs = self._tags[tag]
            return (
                self._decide(text, Found(self._known(slugs)), "tag", format_text)
                if slugs
                else self._refuse(text, cleaned)
            )
        for rule, table in (("name", self._exact), ("alias", self._aliases)):
            slugs = table.get(key(cleaned), [])
            if slugs:
                return self._decide(text, Found(self._known(slugs)), rule, format_text)
        query = parse_cleaned(cleaned)
        found = self._table.find(query)
        if not found.rows:
            found = Found(tuple(self._alternatives(cleaned)))
        if not found.rows:
            return self._refuse(text, cleaned)
        return self._decide(text, found, "tokens", query.format_text, query.edited)

    def _known(self, slugs: Sequence[str]) -> tuple[ModelRow, ...]:
        return tuple(self._rows[slug] for slug in slugs)

    def _alternatives(self, cleaned: str) -> list[ModelRow]:
        """Models of "DeepSeek-V3/R1-671B": the last words belong to both, the first words to both."""
        head, slash, tail = cleaned.partition("/")
        if not slash or " " in head.strip():
            return []
        size = tail.rpartition("-")[2]
        family = head.rpartition("-")[0]
        first = self._table.find(parse_cleaned(f"{head}-{size}")).rows
        second = self._table.find(parse_cleaned(f"{family}-{tail}")).rows
        return [*first, *second] if len(first) == 1 and len(second) == 1 else []

    def _decide(
        self, text: str, found: Found, rule: str, format_text: str, edited: bool = False
    ) -> Resolution:
        rows = found.rows
        agree = (len(rows) > 1 or found.open_version) and not found.may_differ and figures_agree(rows)
        # "Mistral-7B" leaves open v0.1 or v0.3; "Llama 8B" leaves open the generation.
        revisions = found.open_version and len(rows) > 1 and all(_has_revision(row) for row in rows)
        ok = (len(rows) == 1 or agree) and (not found.open_version or revisions) and not found.open_size
        chosen = rows[0] if ok or agree else None
        reason = ""
        if not ok:
            names = ", ".join(row.name for row in rows[:5]) + (", …" if len(rows) > 5 else "")
            what = "which size" if found.open_size else "which model"
            known = names if len(rows) > 1 else f"the catalog has {names}"
            reason = f"The name leaves open {what}: {known}."
        elif edited:
            reason = f"An edited copy of {rows[0].name}: the same architecture."
        elif rule == "alias" and chosen is not None:
            reason = f"Taken as {chosen.name}, whose architecture it has."
        return Resolution(
            "model",
            text,
            OK if ok else AMBIGUOUS,
            slug=chosen.slug if chosen else "",
            name=chosen.name if chosen else "",
            candidates=tuple((row.slug, row.name) for row in rows),
            figures_agree=agree,
            rule=rule,
            reason=reason,
            format_text=format_text,
        )

    def _refuse(self, text: str, cleaned: str) -> Resolution:
        query = parse_cleaned(cleaned)
        near = [row.slug for row in self._table.family(query)] or self._close.near(cleaned)
        reason = f"{text[:80]!r} is not a model of the catalog."
        if near:
            reason = f"{reason} Near: {', '.join(self._rows[slug].name for slug in near[:3])}."
        return Resolution(
            "model",
            text,
            NOT_IN_CATALOG,
            candidates=tuple((slug, self._rows[slug].name) for slug in near[:8]),
            rule="close" if near else "",
            reason=reason,
            format_text=query.format_text,
        )


def _remember(slugs: list[str], slug: str) -> None:
    if slug not in slugs:
        slugs.append(slug)


def _has_revision(row: ModelRow) -> bool:
    return any(re.fullmatch(r"v\d+(?:\.\d+)?", word) for word in key(row.name).split())
