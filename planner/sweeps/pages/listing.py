"""A visitor's sweeps, as their list shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from planner.sweeps.models import Chunk, ResultFile, Sweep

PAGE_SIZE = 50
ACTIVE = (Sweep.State.QUEUED, Sweep.State.RUNNING, Sweep.State.DELETING)


@dataclass(frozen=True, slots=True)
class Line:
    """One sweep of the list."""

    sweep: Sweep
    n_done: int  # plans of chunks that are done
    n_bytes: int  # of its files

    @property
    def per_cent(self) -> int:
        """Done so far, rounded down: 100 is said of nothing that still runs."""
        return int(100 * self.n_done / self.sweep.n_plans) if self.sweep.n_plans else 0

    @property
    def is_going(self) -> bool:
        """Whether it changes by itself."""
        return self.sweep.state in ACTIVE

    @property
    def is_partly_done(self) -> bool:
        return self.sweep.state != Sweep.State.DONE


def owned(owner: str) -> QuerySet[Sweep]:
    """The sweeps of an owner, newest first, without what they hold; none for visitors without a cookie."""
    sweeps = Sweep.objects.filter(owner=owner) if owner else Sweep.objects.none()
    return sweeps.defer("definition", "entries", "pruned").order_by("-created", "pk")


def page_of(owner: str, number: str) -> tuple[Page[Any], list[Line]]:
    """A page of an owner's sweeps, and its lines: what is done of each and how much room it takes."""
    done = Chunk.objects.filter(sweep=OuterRef("pk"), state=Chunk.State.DONE).values("sweep")
    files = ResultFile.objects.filter(sweep=OuterRef("pk")).values("sweep")
    sweeps = owned(owner).annotate(
        n_done=_or_zero(done.annotate(total=Sum(F("stop") - F("start"))).values("total")),
        n_bytes=_or_zero(files.annotate(total=Sum("n_bytes")).values("total")),
    )
    page: Page[Any] = Paginator(sweeps, PAGE_SIZE).get_page(number)
    return page, [Line(sweep, sweep.n_done, sweep.n_bytes) for sweep in page.object_list]


def _or_zero(sums: QuerySet) -> Coalesce:
    return Coalesce(Subquery(sums, output_field=BigIntegerField()), 0)
