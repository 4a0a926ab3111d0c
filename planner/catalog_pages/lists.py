"""Lists of catalog entries: columns to sort by, figures to filter by; what is unknown is counted, never zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner.snapshot import Snapshot

# What an entry is sorted or filtered by; None: no source states it.
Value = float | str | None


@dataclass(frozen=True, slots=True)
class Column[Line]:
    """A column of a list, by which it can be sorted."""

    key: str
    heading: str
    value: Callable[[Line], Value]
    unit: str = ""
    is_number: bool = True
    wide_only: bool = False
    # how the choice to sort by it reads, upwards and downwards
    upwards: str = "least first"
    downwards: str = "most first"


@dataclass(frozen=True, slots=True)
class Choice[Line]:
    """A filter by one of the words that entries have; ``words`` says them in full."""

    key: str
    figure: str  # what it is called, as a label
    value: Callable[[Line], str]
    words: Mapping[str, str] = field(default_factory=dict)
    is_main: bool = False

    @property
    def label(self) -> str:
        return self.figure

    def passes(self, line: Line, wanted: str) -> bool | None:
        """Whether the entry has the word; ``None`` where it is not known."""
        found = self.value(line)
        return None if not found else found == wanted

    def options(self, lines: Iterable[Line]) -> list[tuple[str, str]]:
        """The words of all entries with how many have each, in the order of ``words``, else by name."""
        counts = Counter(filter(None, map(self.value, lines)))
        order = list(self.words)
        found = sorted(counts, key=lambda word: (order.index(word) if word in order else 0, word.casefold()))
        return [(word, f"{self.words.get(word, word)} ({counts[word]:,})") for word in found]


@dataclass(frozen=True, slots=True)
class Bound[Line]:
    """A filter by a figure: at least (or, with ``is_most``, at most) so much."""

    key: str
    figure: str
    value: Callable[[Line], float | None]
    most: float
    unit: str = ""
    example: str = "16"
    is_whole: bool = False
    is_tokens: bool = False
    is_most: bool = False
    is_main: bool = False

    @property
    def label(self) -> str:
        if self.figure == "Year":
            return "Since the year"
        return f"{self.figure} at {'most' if self.is_most else 'least'}{self.unit and f', {self.unit}'}"

    def passes(self, line: Line, wanted: float) -> bool | None:
        """Whether the figure is within the bound; ``None`` where it is not known."""
        figure = self.value(line)
        if figure is None:
            return None
        return figure <= wanted if self.is_most else figure >= wanted


@dataclass(frozen=True, slots=True)
class Holds[Line]:
    """A filter by another entry that this one is made of, named by its slug: reached by a link, not typed."""

    key: str
    figure: str
    value: Callable[[Line], str]
    name_of: Callable[[Snapshot, str], str | None]  # None: there is no such entry

    @property
    def label(self) -> str:
        return self.figure

    def passes(self, line: Line, wanted: str) -> bool:
        """Whether the entry is made of it."""
        return self.value(line) == wanted


Filter = Choice[Any] | Bound[Any] | Holds[Any]


@dataclass(frozen=True, slots=True)
class Kind[Line]:
    """One kind of entry, and how its list can be looked at."""

    key: str  # "devices" | "machines" | "models"
    noun: str
    nouns: str
    ranked: str  # the name resolver's word for it
    title: str
    lede: str
    placeholder: str
    columns: tuple[Column[Line], ...]
    filters: tuple[Filter, ...]
    lines: Callable[[Snapshot], Mapping[str, Line]]  # by slug, in the order shown where none is asked for
    usual_order: str  # that order in words

    @property
    def rows_template(self) -> str:
        """The template of its rows."""
        return f"catalog/rows_{self.key}.html"

    @property
    def sorts(self) -> dict[str, str]:
        """What the list can be sorted by, with its words: "memory" upwards, "-memory" downwards."""
        found: dict[str, str] = {}
        for column in self.columns:
            up, down = (column.upwards, column.downwards) if column.is_number else ("A to Z", "Z to A")
            first, second = (f"-{column.key}", down), (column.key, up)
            if not column.is_number:
                first, second = second, first
            found |= {key: f"{column.heading}, {words}" for key, words in (first, second)}
        return found


@dataclass(frozen=True, slots=True)
class Selection[Line]:
    """The entries that a question to a list selects."""

    lines: Sequence[Line]
    n_all: int
    unknown: Mapping[str, int]  # entries left out because the filtered figure is unknown, by the filter's key


def select[Line](
    kind: Kind[Line], lines: Iterable[Line], n_all: int, wanted: Mapping[str, Any], sort: str
) -> Selection[Line]:
    """Filter and sort the lines. An entry whose figure is unknown passes no filter by it and comes last in any order.

    ``wanted`` holds the filters' values by key, without those left open; ``sort`` is a key of ``kind.sorts`` or "".
    """
    filters = [(item, wanted[item.key]) for item in kind.filters if item.key in wanted]
    found: list[Line] = []
    unknown: Counter[str] = Counter()
    for line in lines:
        passed = {item.key: item.passes(line, value) for item, value in filters}
        if False in passed.values():
            continue
        missing = [key for key, value in passed.items() if value is None]
        unknown.update(missing)
        if not missing:
            found.append(line)
    return Selection(sorted_lines(kind, found, sort), n_all, unknown)


def sorted_lines[Line](kind: Kind[Line], lines: Sequence[Line], sort: str) -> Sequence[Line]:
    """The lines by one column; equals stay in their order."""
    if not sort:
        return lines
    value = next(column.value for column in kind.columns if column.key == sort.removeprefix("-"))

    def known(line: Line) -> Any:
        found = value(line)
        return found.casefold() if isinstance(found, str) else found

    stated = [line for line in lines if value(line) is not None]
    rest = [line for line in lines if value(line) is None]
    return [*sorted(stated, key=known, reverse=sort.startswith("-")), *rest]
