"""What a definition's axes hold: catalog entries and numbers, with everything that is wrong with them said at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hardware_catalog.rows import FormatRow, KvFormatRow, ModelRow
from planner.plans.offers import ready_made
from planner.snapshot import Snapshot
from planner.sweeps.definition import MOST_NUMBERS, Definition, DefinitionError, Selection
from planner.sweeps.grid.filters import FilterError, filtered
from planner.sweeps.grid.support import BaseMachine, support

# The most that the form of one plan takes, too.
MOST_TOKENS = 100_000_000
MOST_USERS = 100_000
MOST_COUNT = 10_000
# Places of machines in a result's files are 16-bit numbers (rows.STORED).
MOST_MACHINES = 65_536
# Unknown names that are told one by one, and near ones that are told with each.
TOLD, NEAR = 5, 3
_NOUNS = {
    "machines": ("machine", "machine"),
    "devices": ("device", "device"),
    "models": ("language model", "model"),
    "formats": ("weight format", "format"),
    "kv_formats": ("KV format", "kv_format"),
    "runtimes": ("program", "runtime"),
}  # by axis: as a person is told, and as the name resolver calls it


@dataclass(frozen=True, slots=True)
class Program:
    """One choice of the runtime axis. "" as the runtime: what the form would take; "" as the backend: the usual one."""

    runtime: str = ""
    backend: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The axes as asked, before impossible combinations are taken out."""

    machines: tuple[BaseMachine, ...]
    n_unsized: int  # devices of which no source states the memory
    counts: tuple[int, ...]
    models: tuple[ModelRow, ...]  # with a published architecture
    n_unknown_models: int
    formats: tuple[FormatRow, ...]
    formats_are_named: bool  # each was asked for by name: also of models that are not published in it
    formats_are_common: bool
    kv_formats: tuple[KvFormatRow, ...]
    programs: tuple[Program, ...]
    contexts: tuple[int, ...]  # ascending
    users: tuple[int, ...]
    prompts: tuple[int, ...]  # of each context
    output_tokens: int
    left_out: tuple[str, ...]  # sentences on entries that filters could not judge

    @property
    def n_machines(self) -> int:
        return len(self.machines) * len(self.counts)


def asked(definition: Definition, snapshot: Snapshot) -> Asked:
    """Resolve a definition. Raises ``DefinitionError`` with everything that is wrong."""
    return _Reading(definition, snapshot).axes()


class _Reading:
    """Reads a definition's axes and keeps what is wrong with them."""

    def __init__(self, definition: Definition, snapshot: Snapshot) -> None:
        self.definition = definition
        self.snapshot = snapshot
        self.errors: dict[str, list[str]] = {}
        self.left_out: list[str] = []

    def axes(self) -> Asked:
        asked = self.definition
        machines, n_unsized = self.machines()
        counts = self.numbers("counts", asked.counts, MOST_COUNT)
        n_all = len(machines) * len(counts)
        if n_all > MOST_MACHINES:
            self.refuse(
                "counts", f"These are {n_all:,} machines. A sweep can have at most {MOST_MACHINES:,}."
            )
        models, n_unknown = self.models()
        formats = self.formats(models)
        kv_formats = self.kv_formats()
        programs = self.programs()
        contexts = self.numbers("contexts_tokens", asked.contexts_tokens, MOST_TOKENS)
        users = self.numbers("concurrency", asked.concurrency, MOST_USERS)
        prompts = self.prompts(contexts)
        if self.errors:
            raise DefinitionError(self.errors)
        return Asked(
            machines=machines,
            n_unsized=n_unsized,
            counts=counts,
            models=models,
            n_unknown_models=n_unknown,
            formats=formats,
            formats_are_named=asked.formats != "common" and bool(asked.formats.slugs),
            formats_are_common=asked.formats == "common",
            kv_formats=kv_formats,
            programs=programs,
            contexts=contexts,
            users=users,
            prompts=prompts,
            output_tokens=asked.output_tokens,
            left_out=tuple(self.left_out),
        )

    def refuse(self, axis: str, *texts: str) -> None:
        self.errors.setdefault(axis, []).extend(texts)

    def machines(self) -> tuple[tuple[BaseMachine, ...], int]:
        """Presets, then devices with every memory that they are sold with; and how many devices have none stated."""
        asked, known = self.definition, support(self.snapshot)
        if asked.machines.is_empty and asked.devices.is_empty:
            self.refuse("machines", "Choose machines or devices to plan for.")
            return (), 0
        found: list[BaseMachine] = []
        if not asked.machines.is_empty:
            found += [known.presets[m.slug] for m in self.entries("machines", asked.machines)]
        n_unsized = 0
        if not asked.devices.is_empty:
            sizes = [known.devices[d.slug] for d in self.entries("devices", asked.devices)]
            n_unsized = sum(not of_device for of_device in sizes)
            found += [size for of_device in sizes for size in of_device]
        if n_unsized and not found:
            self.refuse("devices", "No source states the memory of any of these. Choose others.")
        return tuple(found), n_unsized

    def models(self) -> tuple[tuple[ModelRow, ...], int]:
        if self.definition.models.is_empty:
            self.refuse("models", "Choose language models.")
            return (), 0
        chosen = self.entries("models", self.definition.models)
        tables = self.snapshot.tables
        known = [m for m in chosen if tables.models.architecture[tables.model_row[m.slug]] is not None]
        if chosen and not known:
            self.refuse(
                "models",
                "The architecture of none of these is published, so they cannot be sized. Choose others.",
            )
        return tuple(known), len(chosen) - len(known)

    def formats(self, models: Iterable[ModelRow]) -> tuple[FormatRow, ...]:
        wanted = self.definition.formats
        if wanted == "common":
            slugs = {slug for model in models for slug in ready_made(model.native_format)}
            return tuple(f for f in self.snapshot.rows.formats if f.slug in slugs)
        if wanted.is_empty:
            self.refuse("formats", "Choose weight formats, or the common ones.")
            return ()
        return tuple(self.entries("formats", wanted))

    def kv_formats(self) -> tuple[KvFormatRow, ...]:
        rows = {row.slug: row for row in self.snapshot.rows.kv_formats}
        if not self.definition.kv_formats:
            self.refuse("kv_formats", "Choose at least one KV format; F16 is the usual one.")
        return tuple(self.named("kv_formats", self.definition.kv_formats, rows))

    def programs(self) -> tuple[Program, ...]:
        wanted = self.definition.runtimes
        if wanted == "usual":
            return (Program(),)
        if wanted.is_empty:
            self.refuse("runtimes", "Choose programs, or what is usual on each machine.")
        if wanted.where:
            self.refuse("runtimes", "Programs cannot be filtered. Choose them by name, or all of them.")
            return ()
        if wanted.all:
            return tuple(Program(runtime.slug) for runtime in self.snapshot.rows.runtimes)
        pairs = [slug.partition("/") for slug in dict.fromkeys(wanted.slugs)]
        known = {r.slug: r for r in self.named("runtimes", [p[0] for p in pairs], self.snapshot.runtimes)}
        for slug, _, backend in pairs:
            if slug in known and backend and backend not in known[slug].backends:
                there = ", ".join(known[slug].backends)
                self.refuse(
                    "runtimes", f"{known[slug].name} has no backend “{backend[:60]}”. It has {there}."
                )
        return tuple(Program(slug, backend) for slug, _, backend in pairs)

    def prompts(self, contexts: Sequence[int]) -> tuple[int, ...]:
        """Prompt tokens of every context."""
        asked = self.definition
        output = self.numbers("output_tokens", (asked.output_tokens,), MOST_TOKENS)
        if isinstance(asked.prompt_tokens, str):  # definition.FULL
            return tuple(max(context - asked.output_tokens, 1) for context in contexts) if output else ()
        prompt = self.numbers("prompt_tokens", (asked.prompt_tokens,), MOST_TOKENS)
        if prompt and contexts and prompt[0] > contexts[-1]:
            self.refuse(
                "prompt_tokens",
                f"A prompt of {prompt[0]:,} tokens fits in none of these contexts; the longest is {contexts[-1]:,}. "
                "Ask for a shorter prompt or a longer context.",
            )
        return prompt * len(contexts)

    def numbers(self, axis: str, values: Sequence[int], most: int) -> tuple[int, ...]:
        """The axis's numbers once each, ascending; () where something is wrong with them."""
        if not values:
            self.refuse(axis, "Give at least one number.")
            return ()
        found = sorted(set(values))
        if len(found) > MOST_NUMBERS:
            self.refuse(axis, f"These are {len(found):,} numbers. Give at most {MOST_NUMBERS}.")
        if found[0] < 1:
            self.refuse(axis, f"{found[0]:,} is too small: this must be at least 1.")
        if found[-1] > most:
            self.refuse(axis, f"{found[-1]:,} is too large: this can be at most {most:,}.")
        return () if axis in self.errors else tuple(found)

    def entries(self, axis: str, selection: Selection) -> list[Any]:
        """The catalog's rows that a selection means."""
        if selection.all + bool(selection.slugs) + bool(selection.where) > 1:
            self.refuse(axis, "Say which in one way: all, by name, or by filters.")
            return []
        rows: Mapping[str, Any] = getattr(self.snapshot, axis)
        if selection.all:
            return list(getattr(self.snapshot.rows, axis))
        if selection.slugs:
            return self.named(axis, selection.slugs, rows)
        try:
            found = filtered(axis, selection.where, self.snapshot)
        except FilterError as error:
            self.refuse(axis, *error.texts)
            return []
        self.left_out += found.left_out
        return [rows[slug] for slug in found.slugs]

    def named(self, axis: str, slugs: Iterable[str], rows: Mapping[str, Any]) -> list[Any]:
        """The rows of these slugs, each once; unknown ones are told with the nearest."""
        wanted = list(dict.fromkeys(slugs))
        unknown = [slug for slug in wanted if slug not in rows]
        self.refuse_unknown(axis, unknown)
        return [rows[slug] for slug in wanted if slug in rows]

    def refuse_unknown(self, axis: str, slugs: Sequence[str]) -> None:
        noun, kind = _NOUNS[axis]
        for slug in slugs[:TOLD]:
            near = self.snapshot.names.rank(slug.replace("-", " "), kind, NEAR)
            hint = ", ".join(f"{entry.name} ({entry.slug})" for entry in near)
            self.refuse(
                axis,
                f"The catalog has no {noun} “{slug[:60]}”. "
                + (f"Near it: {hint}." if hint else "Choose another."),
            )
        if len(slugs) > TOLD:
            self.refuse(axis, f"{len(slugs) - TOLD:,} more names are not in the catalog.")
