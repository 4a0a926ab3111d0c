"""Which plans of a result are asked for, and the same as conditions of SQL; values go in as parameters only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.engine.verdict import OFFLOAD, VERDICTS
from planner.sweeps.grid.entries import Entries

# The word for all verdicts of plans that run, beside those of VERDICTS.
RUNS = "runs"
# Bits are shown with two decimals: what is shown as 4.50 is found by 4.5.
_BITS_SHOWN = 0.005


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """A filter of plans. Numbers are places in the entries; an empty tuple or ``None`` leaves a filter open."""

    machines: tuple[int, ...] = ()
    models: tuple[int, ...] = ()
    formats: tuple[int, ...] = ()
    kv_formats: tuple[int, ...] = ()
    runtimes: tuple[int, ...] = ()
    context_tokens: int | None = None
    concurrency: int | None = None
    verdict: str = ""  # of VERDICTS, or RUNS
    least_decode_tps: float | None = None  # of a sequence
    most_need_bytes: float | None = None
    most_price_usd: float | None = None  # of the machine's devices
    least_bits: float | None = None  # per weight
    text: str = ""  # every word stands in a name, see words_in

    @property
    def is_all(self) -> bool:
        """Whether every plan is asked for."""
        return self == RowsQuery()

    @property
    def verdicts(self) -> tuple[int, ...]:
        """Codes of the verdicts asked for; none: any."""
        if not self.verdict:
            return ()
        return tuple(range(OFFLOAD + 1)) if self.verdict == RUNS else (VERDICTS.index(self.verdict),)


@dataclass(frozen=True, slots=True)
class Condition:
    """Conditions of SQL over the stored columns, all of which must hold, and their parameters by name."""

    sql: tuple[str, ...]
    parameters: dict[str, Any]

    @property
    def where(self) -> str:
        """The clause; "" where every row passes."""
        return f" WHERE {' AND '.join(self.sql)}" if self.sql else ""

    def also(self, *sql: str, **parameters: Any) -> Condition:
        """With further conditions."""
        return Condition((*self.sql, *sql), self.parameters | parameters)


EVERY = Condition((), {})
NOTHING = Condition(("false",), {})


def condition(query: RowsQuery, entries: Entries) -> Condition:
    """The query as conditions. Every column that it names stands by its stored type, so that files can skip rows."""
    found = EVERY
    lists = {
        "machine": _affordable(query, entries),
        "model": query.models or None,
        "format": query.formats or None,
        "kv_format": query.kv_formats or None,
        "runtime": query.runtimes or None,
        "verdict": query.verdicts or None,
    }
    for column, numbers in lists.items():
        if numbers is not None:
            found = _among(found, column, numbers)
    if query.context_tokens is not None:
        found = found.also("context_tokens = $context_tokens", context_tokens=query.context_tokens)
    if query.concurrency is not None:
        found = found.also("concurrency = $concurrency", concurrency=query.concurrency)
    if query.least_decode_tps is not None:
        found = found.also("decode_tps >= $least_decode_tps::FLOAT", least_decode_tps=query.least_decode_tps)
    if query.most_need_bytes is not None:
        found = found.also("need_bytes <= $most_need_bytes::DOUBLE", most_need_bytes=query.most_need_bytes)
    if query.least_bits is not None:
        bits = query.least_bits - _BITS_SHOWN
        least = [bits * model.n_parameters / 8 for model in entries.models]
        found = found.also(
            "weights_bytes >= list_extract($least_weights::DOUBLE[], model + 1)", least_weights=least
        )
    for place, of_word in enumerate(words_in(query.text, entries)):
        found = _word(found, of_word, place)
    return found


def unpriced_machines(query: RowsQuery, entries: Entries) -> int:
    """Machines of the query that a limit of price leaves out because no source states their price."""
    if query.most_price_usd is None:
        return 0
    asked = query.machines or range(len(entries.machines))
    return sum(entries.machines[number].devices_price_usd is None for number in asked)


def is_of_cells(query: RowsQuery, entries: Entries) -> bool:
    """Whether the query asks only for machines, models and verdicts, which the summary counts."""
    of_names = {column for found in words_in(query.text, entries) for column in found}
    return of_names <= {"machine", "model"} and query == RowsQuery(
        machines=query.machines,
        models=query.models,
        verdict=query.verdict,
        most_price_usd=query.most_price_usd,
        text=query.text,
    )


def words_in(text: str, entries: Entries) -> list[dict[str, list[int]]]:
    """For each word of a search the columns and numbers of the entries that have it in their names.

    It is looked for among machines and models first ("llama" is a model, not every plan for llama.cpp), and where none
    of them has it, among formats and programs.
    """
    found = []
    for word in text.casefold().split():
        named = {
            column: [number for number, entry in enumerate(listed) if word in entry.name.casefold()]
            for column, listed in _named(entries).items()
        }
        of_word = {column: named[column] for column in ("machine", "model") if named[column]}
        found.append(of_word or {column: numbers for column, numbers in named.items() if numbers})
    return found


def _named(entries: Entries) -> dict[str, Sequence[Any]]:
    return {
        "machine": entries.machines,
        "model": entries.models,
        "format": entries.formats,
        "runtime": entries.runtimes,
    }


def _affordable(query: RowsQuery, entries: Entries) -> tuple[int, ...] | None:
    """The machines asked for, less those that cost more or nobody knows what; ``None``: any."""
    if query.most_price_usd is None:
        return query.machines or None
    asked = query.machines or range(len(entries.machines))
    prices = ((number, entries.machines[number].devices_price_usd) for number in asked)
    return tuple(number for number, price in prices if price is not None and price <= query.most_price_usd)


def _among(found: Condition, column: str, numbers: Sequence[int]) -> Condition:
    if not numbers:
        return NOTHING.also(*found.sql, **found.parameters)
    if len(numbers) == 1:
        return found.also(f"{column} = ${column}", **{column: numbers[0]})
    return found.also(f"{column} IN ${column}", **{column: list(numbers)})


def _word(found: Condition, of_word: Mapping[str, Sequence[int]], place: int) -> Condition:
    """Rows of which one of these columns has one of its numbers."""
    names = {column: f"{column}_word_{place}" for column in of_word}
    parts = [f"{column} IN ${name}" for column, name in names.items()]
    parameters = {name: list(of_word[column]) for column, name in names.items()}
    if len(parts) == 1:
        return found.also(parts[0], **parameters)
    return found.also(f"({' OR '.join(parts) or 'false'})", **parameters)
