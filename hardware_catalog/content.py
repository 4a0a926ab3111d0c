"""What an entry says, as plain values: its digest, and how two states of it differ in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from hardware_catalog.written import FIGURES, label_of

UNKNOWN = "unknown"
# How much of a long text or list a difference shows.
MOST_SHOWN = 300

# made once: json.dumps makes an encoder for each call
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of two states, in words."""

    field: str
    label: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.label}: {self.before} → {self.after}"


def content_of(row: Any) -> dict[str, Any]:
    """The fields of a row of :mod:`hardware_catalog.rows` as values of JSON."""
    values: dict[str, Any] = _plain(row)
    return values


def digest_of(content: Content) -> str:
    """A digest that equal contents share, whichever database or file they came from."""
    return hashlib.blake2b(_ENCODE(_plain(content)).encode(), digest_size=16).hexdigest()


def differences(before: Content, after: Content) -> tuple[Difference, ...]:
    """The fields in which two states differ, in the order of ``after``; a field that one lacks is empty there."""
    found = []
    for field in dict.fromkeys((*after, *before)):
        old, new = _plain(before.get(field)), _plain(after.get(field))
        if old != new and not (_is_empty(old) and _is_empty(new)):
            shown = _between(old, new) if _is_many(old, new) else (_shown(field, old), _shown(field, new))
            found.append(Difference(field, label_of(field), *shown))
    return tuple(found)


def _plain(value: Any) -> Any:
    """Values of JSON in which equal figures are equal texts: databases keep 24 and 24.0 apart."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bool:  # most are: 20,000 rows go through here
        return value
    if kind is float:
        return int(value) if value.is_integer() else value
    if kind is dict:
        return {str(key): _plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    raise TypeError(f"{kind.__name__} is no value of a catalog row")


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _is_many(old: Any, new: Any) -> bool:
    return isinstance(old, (list, dict)) or isinstance(new, (list, dict))


def _between(old: Any, new: Any) -> tuple[str, str]:
    """Only what differs of two lists or objects."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in dict.fromkeys((*new, *old)) if old.get(key, ...) != new.get(key, ...)]
        return _joined(f"{key}: {_compact(old[key])}" for key in keys if key in old), _joined(
            f"{key}: {_compact(new[key])}" for key in keys if key in new
        )
    olds, news = _items(old), _items(new)
    gone, added = [item for item in olds if item not in news], [item for item in news if item not in olds]
    if not gone and not added:  # the same in another order
        return _joined(olds), _joined(news)
    return _joined(gone), _joined(added)


def _items(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [_compact(item) for item in values]


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _joined(items: Any) -> str:
    return _cut("; ".join(items)) or "none"


def _shown(field: str, value: Any) -> str:
    if value is None or value == "":
        return UNKNOWN if value is None else "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        figure = FIGURES.get(field)
        return f"{value / figure.scale:.12g} {figure.unit}" if figure else f"{value:.15g}"
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
