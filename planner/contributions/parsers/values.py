"""JSON as tools print it: whole, line by line, cut off in the middle, with log lines around it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from planner.contributions.parsers.rows import FileFault

_TOO_DEEP = "The file nests its values too deeply to be a result of llama-bench or vLLM."


@dataclass(frozen=True, slots=True)
class Entries:
    """The objects of a file in order. ``broken`` says what stopped the reading before the end, if anything did."""

    objects: tuple[object, ...]
    before: str  # the text before the first object: a log may name the device
    broken: str = ""


def looks_like_json(text: str) -> bool:
    """Whether a line begins with an object, or with a list of objects."""
    return _start(text) >= 0


def _start(text: str) -> int:
    """Where the first object or list of objects begins at the start of a line; -1 if nowhere."""
    at = 0
    for line in text.split("\n"):
        head = line.lstrip()
        if (
            head.startswith('{"')
            or head in ("{", "[", "[{", "{}", "[]")
            or head.startswith(('[{"', '[ {"', '{ "'))
        ):
            return at + len(line) - len(head)
        at += len(line) + 1
    return -1


def read_objects(text: str) -> Entries:
    """All entries of the text: of one list, or one object after the other. Raises ``FileFault`` where there is none."""
    start = _start(text)
    if start < 0:
        raise FileFault("The text holds no JSON object.")
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    try:
        if text[start] == "[":
            whole = _whole_list(decoder, text, start)
            if whole is not None:
                return Entries(whole, text[:start])
        return _one_by_one(decoder, text, start)
    except RecursionError:
        raise FileFault(_TOO_DEEP) from None


def _whole_list(decoder: json.JSONDecoder, text: str, start: int) -> tuple[object, ...] | None:
    """The entries of a list, or ``None`` where it is not whole."""
    try:
        value, _ = decoder.raw_decode(text, start)
    except ValueError:
        return None
    if not value:
        raise FileFault("The list is empty: it holds no results.")
    return tuple(value)


def _one_by_one(decoder: json.JSONDecoder, text: str, start: int) -> Entries:
    found: list[object] = []
    at, end = start, len(text)
    while at < end:
        while at < end and text[at] in " \t\n\r\f\v,[]":
            at += 1
        if at >= end or text[at] != "{":
            break
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError as error:
            return _cut_off(found, text[:start], text, at, error)
        found.append(value)
    return Entries(tuple(found), text[:start])


def _cut_off(found: list[object], before: str, text: str, at: int, error: ValueError) -> Entries:
    line = text.count("\n", 0, at) + 1
    what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    if isinstance(error, json.JSONDecodeError):
        line = error.lineno
    broken = f"the entry is not whole or not JSON (line {line}: {what}): paste all that the tool printed"
    return Entries(tuple(found), before, broken)


def _no_constant(name: str) -> float:
    # Python would read NaN and Infinity, which are not JSON; a rate that is not a number is no measurement either
    return float(name.replace("Infinity", "inf"))


def flat(value: object) -> dict[str, str] | None:
    """The plain values of an object as texts: lists and objects are left out. ``None`` where it is no object."""
    if not isinstance(value, Mapping):
        return None
    found = {}
    for name, item in value.items():
        if isinstance(item, bool):
            found[name] = "1" if item else "0"
        elif isinstance(item, int | float | str):
            found[name] = str(item)[:2_000]
    return found
