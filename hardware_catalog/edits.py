"""What was edited here is never written over silently: whether a load may write a row, and what is said where not.

A row is edited where somebody marked it as kept, or where its content has another digest than the shipped row that was
loaded last. It is news where the files have by now another row than that. What is edited and no news just stays; what
is news is put before whoever loads, with the differences, and stays until it is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from hardware_catalog.content import Content, Difference, differences, digest_of

# The digest of a row that the files no longer have.
GONE = digest_of({})


class Choice(Enum):
    """What becomes of a row that was edited here."""

    LATER = "keep it for now"
    KEEP = "keep it, and do not ask again about this shipped row"
    OVERWRITE = "take the shipped row"


@dataclass(frozen=True, slots=True)
class Edit:
    """A row that was edited here and that the files have otherwise."""

    kind: str  # "devices", "sources", "measurements", …
    key: str  # its slug, citation or name
    name: str
    here: str  # digest of what the catalog holds
    shipped: str  # digest of what the files hold
    is_news: bool
    differences: tuple[Difference, ...]  # from what is here to what is shipped


Decide = Callable[[Edit], Choice]


def later(edit: Edit) -> Choice:
    """Decide nothing: what is edited stays."""
    return Choice.LATER


def decided(choices: Mapping[Edit, Choice]) -> Decide:
    """The choices made before; what was edited otherwise since then stays."""
    return lambda edit: choices.get(edit, Choice.LATER)


@dataclass(slots=True)
class Referee:
    """Says of each row whether a load may write it, and remembers what it refused."""

    decide: Decide = later
    undecided: list[Edit] = field(default_factory=list)
    settled: dict[tuple[str, str], str] = field(default_factory=dict)  # digests not to ask about again

    def may_write(
        self,
        kind: str,
        key: str,
        *,
        here: Content,
        shipped: Content | None,
        known: str | None,
        is_local: bool = False,
        name: str = "",
    ) -> bool:
        """Whether the row may become what is shipped (``None``: withdrawn). ``known``: the digest loaded last."""
        digest = digest_of(here)
        if not is_local and known in (None, digest):
            return True
        wanted = GONE if shipped is None else digest_of(shipped)
        told = differences(here, shipped) if shipped is not None else (WITHDRAWN,)
        if not told:  # marked as kept, but equal by now
            self.settled[kind, key] = wanted
            return False
        edit = Edit(kind, key, name or key, digest, wanted, wanted != known, told)
        choice = self.decide(edit)
        if choice is Choice.KEEP:
            self.settled[kind, key] = wanted
        elif choice is Choice.LATER and edit.is_news:
            self.undecided.append(edit)
        return choice is Choice.OVERWRITE


WITHDRAWN = Difference("withdrawn", "in the shipped files", "edited here", "no longer there")
