"""Where an entry's figures come from: its sources with their licences, notes of single figures, measurements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hardware_catalog.models import Measurement
from hardware_catalog.rows import FigureNote, SourceRow
from planner.catalog_pages import words
from planner.catalog_pages.caching import per_snapshot
from planner.figures import UNKNOWN
from planner.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Note:
    """What to know of a figure, and in a word what kind of remark it is."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of an entry as its page shows it."""

    label: str
    value: str  # "unknown": no source states it
    term: str = ""  # the technical term, where the label says it in plain words
    notes: tuple[Note, ...] = ()
    url: str = ""  # where the value itself leads

    @property
    def is_known(self) -> bool:
        return self.value != UNKNOWN


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source as a page lists it."""

    text: str
    url: str
    licence: str
    licence_note: str
    is_verified: bool


def notes_by_field(notes: Iterable[FigureNote]) -> dict[str, tuple[Note, ...]]:
    """Notes of single figures by field; "" holds those of the whole entry."""
    found: dict[str, tuple[Note, ...]] = {}
    for note in notes:
        word = words.NOTE_KINDS[note.kind]
        said = Note(word, note.text.removeprefix(f"{word}: "))  # many texts begin with the word itself
        found[note.field] = (*found.get(note.field, ()), said)
    return found


@per_snapshot
def _by_citation(snapshot: Snapshot) -> dict[str, SourceRow]:
    return {source.citation: source for source in snapshot.rows.sources}


def source_lines(citations: Sequence[str], snapshot: Snapshot) -> list[SourceLine]:
    """The cited sources in their order, each once; an unknown citation stands as it is written."""
    known = _by_citation(snapshot)
    found = []
    for citation in dict.fromkeys(filter(None, citations)):
        source = known.get(citation)
        url = source.url if source else citation if citation.startswith("https://") else ""
        found.append(
            SourceLine(
                text=citation.removeprefix("https://").removesuffix("/"),
                url=url,
                licence=source.licence if source else "",
                licence_note=source.licence_note if source else "",
                is_verified=source.verified if source else True,
            )
        )
    return found


def n_measurements(*, device: str = "", model: str = "") -> int:
    """How many measurements of a device or model (by slug) the catalog holds: one query."""
    shown = Measurement.objects.filter(withdrawn=False)
    shown = shown.filter(device__slug=device) if device else shown.filter(language_model__slug=model)
    return shown.count()
