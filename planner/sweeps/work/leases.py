"""Who computes which chunk: taking it for a while, holding it, giving it back, losing it. All times are the database's.

Locks are taken chunk first and sweep second, everywhere.
"""

from __future__ import annotations

import enum
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Now

from planner.sweeps.models import Chunk, Sweep

LEASE_S = 10.0  # without a sign of life for so long, a chunk goes to somebody else
MOST_ATTEMPTS = 3
RETRY_AFTER_S = 1.0
ACTIVE = (Sweep.State.QUEUED, Sweep.State.RUNNING)

_UNDONE = (Chunk.State.PENDING, Chunk.State.LEASED, Chunk.State.FAILED)

ENDED = (
    "its process ended before it was done: it was killed, or the machine ran out of memory. "
    "Give the machine more memory or the worker fewer processes, then resume the sweep."
)


class Standing(enum.Enum):
    """What has become of a lease."""

    HELD = enum.auto()
    STOPPED = enum.auto()  # the sweep is not to go on
    LOST = enum.auto()  # the chunk is no longer the holder's


@dataclass(frozen=True, slots=True)
class Lease:
    """A chunk that one process may compute; ``holder`` is this lease's own, so no other is ever taken for it."""

    chunk_id: int
    sweep_id: UUID
    index: int
    start: int
    stop: int
    attempt: int
    holder: str

    @property
    def is_closing(self) -> bool:
        """Whether it is the chunk without plans, which sums the sweep up."""
        return self.start == self.stop

    @property
    def token(self) -> str:
        """What tells the names of this lease's temporary files from all others."""
        return self.holder.rpartition(" ")[2]


def in_seconds(seconds: float) -> CombinedExpression:
    """So many seconds from now, by the database's clock: hosts may disagree about the time."""
    return Now() + timedelta(seconds=seconds)


def ready() -> QuerySet[Chunk]:
    """Chunks that can be computed now; one that sums up only when all others of its sweep are done."""
    others = Chunk.objects.filter(sweep=OuterRef("sweep"), start__lt=F("stop"), state__in=_UNDONE)
    return Chunk.objects.filter(
        Q(lease_until=None) | Q(lease_until__lte=Now()),  # of one that waits: when to try again
        Q(start__lt=F("stop")) | ~Exists(others),
        state=Chunk.State.PENDING,
        sweep__state__in=ACTIVE,
    )


def fairest() -> list[UUID]:
    """Sweeps with chunks to compute: fewest under way first, then the one not served for longest."""
    waiting = (
        Sweep.objects.filter(Exists(ready().filter(sweep=OuterRef("pk"))), state__in=ACTIVE)
        .order_by(F("picked_at").asc(nulls_first=True), "created")
        .values_list("pk", flat=True)
    )
    under_way = Counter(Chunk.objects.filter(state=Chunk.State.LEASED).values_list("sweep", flat=True))
    return sorted(waiting, key=lambda sweep: under_way[sweep])


def claim(process: str) -> Lease | None:
    """Take the fairest next chunk for a process; ``None`` where nothing is to be done."""
    for sweep_id in fairest():
        if lease := claim_of(sweep_id, process):
            return lease
    return None


def claim_of(sweep_id: UUID, process: str) -> Lease | None:
    """Take the next chunk of a sweep for a process; ``None`` where it has none or was stopped."""
    with transaction.atomic():
        found = ready().filter(sweep=sweep_id).order_by("index")
        chunk = found.select_for_update(skip_locked=True, of=("self",)).first()
        if chunk is None:
            return None
        holder = f"{process} {secrets.token_hex(4)}"
        taken = Chunk.objects.filter(pk=chunk.pk, state=Chunk.State.PENDING).update(
            state=Chunk.State.LEASED,
            attempts=F("attempts") + 1,
            worker=holder,
            heartbeat=Now(),
            lease_until=in_seconds(LEASE_S),
        )
        going = Sweep.objects.filter(pk=sweep_id, state__in=ACTIVE).update(
            state=Sweep.State.RUNNING, started=Coalesce("started", Now()), picked_at=Now(), reason=""
        )
        if not (taken and going):
            transaction.set_rollback(True)
            return None
    return _lease(chunk, chunk.attempts + 1, holder)


def held(lease: Lease) -> QuerySet[Chunk]:
    """The lease's chunk as long as it is the holder's; else nothing."""
    return Chunk.objects.filter(pk=lease.chunk_id, state=Chunk.State.LEASED, worker=lease.holder)


def standing(lease: Lease) -> Standing:
    """What has become of a lease."""
    state = held(lease).values_list("sweep__state", flat=True).first()
    if state is None:
        return Standing.LOST
    return Standing.HELD if state in ACTIVE else Standing.STOPPED


def renew(lease: Lease) -> bool:
    """Hold a chunk for longer; False where it is no longer the holder's."""
    return bool(held(lease).update(heartbeat=Now(), lease_until=in_seconds(LEASE_S)))


def give_back(chunks: QuerySet[Chunk]) -> int:
    """Let leased chunks wait again, as if they had not been tried."""
    return chunks.filter(state=Chunk.State.LEASED).update(
        state=Chunk.State.PENDING, attempts=F("attempts") - 1, worker="", lease_until=None
    )


def fail(lease: Lease, error: str, *, for_good: bool = False) -> None:
    """Note why an attempt failed; the last one, or one that no other can better, fails the sweep."""
    _fail(held(lease), lease, error, for_good or lease.attempt >= MOST_ATTEMPTS)


def _fail(chunk: QuerySet[Chunk], lease: Lease, error: str, is_last: bool) -> None:
    state = Chunk.State.FAILED if is_last else Chunk.State.PENDING
    again = None if is_last else in_seconds(RETRY_AFTER_S)
    with transaction.atomic():
        failed = chunk.update(state=state, error=error, worker="", heartbeat=Now(), lease_until=again)
        if failed and is_last:
            times = f", {lease.attempt} times" if lease.attempt > 1 else ""
            reason = f"{_what(lease.start, lease.stop)} failed{times}: {error}"
            Sweep.objects.filter(pk=lease.sweep_id, state__in=ACTIVE).update(
                state=Sweep.State.FAILED, reason=reason, finished=Now()
            )


def expire() -> None:
    """Take chunks from holders that gave no sign of life."""
    _lapse(Chunk.objects.filter(state=Chunk.State.LEASED, lease_until__lt=Now()))


def lapse(holder: str) -> None:
    """Take a chunk from a holder that is known to be gone."""
    _lapse(Chunk.objects.filter(state=Chunk.State.LEASED, worker=holder))


def _lapse(chunks: QuerySet[Chunk]) -> None:
    """Each of these counts as an attempt that failed, unless its sweep was to stop anyway."""
    for found in chunks.select_related("sweep"):
        lease = _lease(found, found.attempts, found.worker)
        chunk = chunks.filter(pk=found.pk, worker=found.worker)
        if found.sweep.state in ACTIVE:
            _fail(chunk, lease, ENDED, lease.attempt >= MOST_ATTEMPTS)
        else:
            give_back(chunk)


def _lease(chunk: Chunk, attempt: int, holder: str) -> Lease:
    return Lease(chunk.pk, chunk.sweep_id, chunk.index, chunk.start, chunk.stop, attempt, holder)


def _what(start: int, stop: int) -> str:
    """A chunk in words, as the beginning of a sentence."""
    if start == stop:
        return "Summing up the sweep"
    return f"Computing the plans {start + 1:,} to {stop:,}"
