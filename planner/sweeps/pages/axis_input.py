"""What the address says of one axis of entries, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from hardware_catalog.names import Resolution
from planner.catalog_pages.list_form import ListForm
from planner.plans.fields import CONTROL, TextField
from planner.snapshot import Snapshot
from planner.sweeps.definition import Selection
from planner.sweeps.grid.filters import FilterError, Found, filtered
from planner.sweeps.pages.axes import ALL, AXES, BY_FILTER, BY_NAME, Axis, withdrawn_names

CANDIDATES = 8
MOST_TOLD = 5  # entries that are missing from the catalog and told by name
UNREADABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as a list shows it; ``axis`` is the name of the axis that it belongs to."""

    axis: str
    slug: str
    name: str
    is_gone: bool = False

    @property
    def shown(self) -> str:
        """The text that stands for it in a field."""
        return self.name

    @property
    def detail(self) -> str:
        return ""


def listed(data: QueryDict, name: str) -> list[str]:
    """The values of a parameter that holds several, each once: "a,b" or said twice."""
    found = [piece.strip() for value in data.getlist(name) for piece in value.split(",")]
    return list(dict.fromkeys(CONTROL.sub(UNREADABLE, piece) for piece in found if piece))


class AxisInput:
    """One axis as somebody asks for it. Where ``takes_typed``, a typed name becomes an entry."""

    def __init__(self, axis: Axis, data: QueryDict, snapshot: Snapshot, *, takes_typed: bool) -> None:
        self.axis, self.snapshot = axis, snapshot
        self.names = axis.names(snapshot)
        self.errors: list[str] = []  # of what is chosen
        self.name_errors: list[str] = []  # of the name that is typed
        self.candidates: tuple[Entry, ...] = ()
        self.taken = ""  # the typed text that became an entry
        self.found = Found((), ())  # what the filters let through
        self.way = self._way(data)
        self.slugs = [
            slug for slug in listed(data, axis.entry) if f"{axis.name}:{slug}" != data.get("remove")
        ]
        self.typed = CONTROL.sub(UNREADABLE, data.get(axis.find()) or "").strip()
        # a candidate that is taken: its axis, its slug, and the axis in which the name was typed
        taken = (data.get("take") or "").split(":")
        if taken[0] == axis.name and len(taken) == 3:
            self._take(taken[1])
        if taken[-1] == axis.name:
            self.taken = self.typed
        elif takes_typed and self.typed and self.way == BY_NAME:
            self._take_typed()
        self.said_filters = {
            key: CONTROL.sub(UNREADABLE, value).strip()
            for key in axis.filter_keys
            if (value := data.get(axis.parameter_of(key)) or "").strip()
        }
        self._check()

    def _way(self, data: QueryDict) -> str:
        said = data.get(self.axis.name) or self.axis.usual_way
        if said in self.axis.ways:
            return said
        self.errors.append("The address says in a way that we do not know which to take. Choose one.")
        return self.axis.usual_way

    def _take(self, slug: str) -> None:
        self.way = BY_NAME
        if slug not in self.slugs:
            self.slugs.append(slug)

    # A typed name ----------------------------------------------------------------------------------------------------

    def _take_typed(self) -> None:
        try:
            text = TextField().clean(self.typed)
        except ValidationError as error:
            self.name_errors += error.messages
            return
        slug = self.names.slug_of.get(text.casefold())
        problem = ""
        if slug is None:
            found = getattr(self.snapshot.names, self.axis.resolver)(text)
            slug, problem = self._resolved(found)
        if slug is not None and not problem:
            self._take(slug)
            self.taken = self.typed
            return
        self.name_errors.append(problem or f"The catalog has no {self.axis.noun} called “{text}”.")
        if not self.candidates:
            near = self.snapshot.names.rank(text, self.axis.ranked, CANDIDATES)
            self.candidates = self.entries_of(item.slug for item in near)
            if self.axis.name == "machines":
                self._offer_device(text)

    def _resolved(self, found: Resolution) -> tuple[str | None, str]:
        """The entry that a resolution means; or why it cannot be taken as it is, with candidates to choose from."""
        slug = self._with_backend(found.slug, found.backends)
        if found.status in ("ok", "composite") and slug in self.names.by_slug:
            said_too = (found.count or 1) > 1, found.format_text
            if not any(said_too):
                return slug, ""
            self.candidates = self.entries_of([slug])
            where = "How many of each" if said_too[0] else "Precisions"
            return None, f"Choose the {self.axis.noun} alone; the rest is said under “{where}”."
        if found.status == "ambiguous":
            self.candidates = self.entries_of(slug for slug, _ in found.candidates)
            return None, f"“{found.text}” can mean more than one {self.axis.noun}. Choose one:"
        return None, ""

    def _with_backend(self, slug: str, backends: tuple[str, ...]) -> str:
        with_backend = f"{slug}/{backends[0]}" if len(backends) == 1 else slug
        return with_backend if with_backend in self.names.by_slug else slug

    def _offer_device(self, text: str) -> None:
        """People type the card where the machine is asked for."""
        devices = AXES["devices"].names(self.snapshot).by_slug
        found = self.snapshot.names.resolve_device(text)
        if found.status == "ok" and found.slug in devices:
            self.name_errors = [f"“{text}” is a device, not a machine. Take it as one?"]
            self.candidates = (Entry("devices", found.slug, devices[found.slug]), *self.candidates)

    def entries_of(self, slugs: Iterable[str]) -> tuple[Entry, ...]:
        """Entries of the catalog by their slugs."""
        known = [slug for slug in slugs if slug in self.names.by_slug][:CANDIDATES]
        return tuple(Entry(self.axis.name, slug, self.names.by_slug[slug]) for slug in known)

    # What is chosen --------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self.way == BY_NAME and (gone := [slug for slug in self.slugs if slug not in self.names.by_slug]):
            told = ", ".join(f"“{self.gone_names.get(slug, slug)}”" for slug in gone[:MOST_TOLD])
            more = f" and {len(gone) - MOST_TOLD} more" if len(gone) > MOST_TOLD else ""
            left = "The catalog no longer has" if self.gone_names else "The catalog does not have"
            self.errors.append(f"{left} {told}{more}. Remove it here, or choose another.")
        if self.way != BY_FILTER or not self.said_filters:
            return
        if not self.filter_errors:
            try:
                self.found = filtered(self.axis.name, self.said_filters, self.snapshot)
            except FilterError as error:
                self.errors += error.texts

    @cached_property
    def gone_names(self) -> Mapping[str, str]:
        """Names of chosen entries that have left the catalog."""
        return withdrawn_names(self.axis, [slug for slug in self.slugs if slug not in self.names.by_slug])

    @property
    def entries(self) -> list[Entry]:
        """The entries that were chosen by name."""
        known = self.names.by_slug
        return [
            Entry(self.axis.name, slug, known.get(slug) or self.gone_names.get(slug, slug), slug not in known)
            for slug in self.slugs
        ]

    @cached_property
    def filters(self) -> ListForm | None:
        """The filters of the catalog's list of such entries."""
        if self.axis.kind is None:
            return None
        data = QueryDict(mutable=True)
        data.update(self.said_filters)
        return ListForm(self.axis.kind, self.snapshot, data)

    @property
    def filter_errors(self) -> Mapping[str, Any]:
        """What is wrong with the filters, by their keys; nothing while others say which entries are taken."""
        return {} if self.way != BY_FILTER or self.filters is None else self.filters.errors

    @property
    def n_chosen(self) -> int | None:
        """How many entries are chosen; ``None`` where the grid decides (the common formats, the usual programs)."""
        if self.way == ALL:
            return len(self.all_slugs)
        if self.way == BY_NAME:
            return sum(slug in self.names.by_slug for slug in self.slugs)
        return len(self.found.slugs) if self.way == BY_FILTER else None

    @cached_property
    def all_slugs(self) -> list[str]:
        """Every entry, programs without their single backends."""
        return [slug for slug in self.names.by_slug if "/" not in slug]

    def selection(self) -> Selection | str:
        """What the definition holds: a selection, or the word for what the grid chooses."""
        if self.way == ALL:
            return Selection(all=True)
        if self.way == BY_NAME:
            return Selection(slugs=tuple(self.slugs))
        if self.way == BY_FILTER:
            return Selection(where=dict(self.said_filters))
        return self.way

    @property
    def is_open(self) -> bool:
        """Whether a typed name still waits to be understood."""
        return bool(self.typed and not self.taken and self.way == BY_NAME)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is chosen yet, which is not wrong until somebody wants to start."""
        if self.way == BY_FILTER:
            return not self.said_filters
        return self.way == BY_NAME and not self.slugs

    def parameters(self) -> dict[str, str]:
        """What the address says of it, in the shortest way; what other ways hold is kept, too."""
        found = {} if self.way == self.axis.usual_way else {self.axis.name: self.way}
        if self.slugs:
            found[self.axis.entry] = ",".join(self.slugs)
        return found | {self.axis.parameter_of(key): text for key, text in self.said_filters.items()}
