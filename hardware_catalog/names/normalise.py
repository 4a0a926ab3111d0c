"""Text as people and programs write it, brought to plain words.

Everything here takes any text at all and never raises: names come from forms, files and logs.
"""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 300  # the longest name of any source is under 120 characters

_MARKS = re.compile(r"\((?:r|tm|c)\)|[\u2122\u00ae\u00a9]", re.IGNORECASE)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_TIMES = re.compile("[\u00d7\u2715\u2716]")
_NOT_PLAIN = re.compile(r"[^a-z0-9.,:;/+*@%<>=~()\[\]&'\"_ -]+")
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[a-z0-9]+(?:[._][0-9]+)*")


def clean(text: str) -> str:
    """``text`` in lower-case plain ASCII: accents and trade marks dropped, dashes and multiplication signs unified.

    At most MAX_LENGTH characters are read. ``clean(clean(x)) == clean(x)``.
    """
    text = _MARKS.sub(" ", text[:MAX_LENGTH])
    if text.isascii():
        return _SPACES.sub(" ", _NOT_PLAIN.sub(" ", text.lower())).strip()
    text = _TIMES.sub("x", _DASHES.sub("-", text))
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFKD", text)
    text = "".join(character for character in text if not unicodedata.combining(character))
    text = _NOT_PLAIN.sub(" ", _MARKS.sub(" ", text))
    return _SPACES.sub(" ", text).strip()[:MAX_LENGTH].strip()


_PLUS = re.compile(r"(?<=[a-z0-9])\+(?![a-z0-9])")


def key(text: str) -> str:
    """The text's words joined by single spaces: what slugs, names and aliases are compared by.

    "NVIDIA GeForce RTX 4090", "nvidia-geforce-rtx-4090" and "nvidia geforce rtx 4090" have the same key; "S24" and
    "S24+" do not.
    """
    return " ".join(_WORD.findall(_PLUS.sub(" plus", clean(text))))


_BRACKETS = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")


def split_brackets(cleaned: str) -> tuple[str, tuple[str, ...]]:
    """The text outside all brackets, and the texts inside, innermost first."""
    inside: list[str] = []
    while True:
        found = _BRACKETS.search(cleaned)
        if found is None:
            break
        inside.append((found.group(1) or found.group(2) or "").strip())
        cleaned = f"{cleaned[: found.start()]} {cleaned[found.end() :]}"
    outside = re.sub(r"[()\[\]]", " ", cleaned)
    return _SPACES.sub(" ", outside).strip(), tuple(part for part in inside if part)


def split_top_level(cleaned: str, separator: re.Pattern[str]) -> list[str]:
    """``cleaned`` split at matches of ``separator`` that stand outside brackets."""
    depth = 0
    outside = bytearray(len(cleaned))
    for position, character in enumerate(cleaned):
        depth = max(0, depth + (character in "([") - (character in ")]"))
        outside[position] = depth == 0
    parts: list[str] = []
    start = 0
    for match in separator.finditer(cleaned):
        if outside[match.start()]:
            parts.append(cleaned[start : match.start()])
            start = match.end()
    parts.append(cleaned[start:])
    return [part.strip() for part in parts if part.strip()]


def word_set(text: str) -> frozenset[str]:
    """The words of ``text`` as a set."""
    return frozenset(text.split())
