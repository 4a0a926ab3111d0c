"""How far a sweep is: a few quick queries, for a page that asks every second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from planner.sweeps.models import Chunk, Sweep, Worker
from planner.sweeps.work.leases import ACTIVE
from planner.sweeps.work.names import in_words, process_of

WORKER_SEEN_S = 15.0
# Over how many of the chunks done last the speed is taken, and how long ago a process may have done one to count.
LAST_CHUNKS = 24
AT_WORK_S = 2.0
MOST_ERRORS = 5

# A worker that starts with the program needs some seconds until it is seen.
STARTING_S = 30.0
NO_WORKER_YET = "No worker has answered yet: one that has just been started needs some seconds."
NO_WORKER = (
    "No worker is running, so it waits: start the program with manage.py serve, "
    "or a worker on any host with celery -A planner worker."
)


@dataclass(frozen=True, slots=True)
class Working:
    """A process at work and what it does."""

    name: str
    does: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an attempt at a chunk failed."""

    what: str
    error: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is. Speed and time left are ``None`` while nobody can know them."""

    state: str
    n_plans: int
    n_plans_done: int
    n_chunks: int
    n_chunks_done: int
    plans_per_s: float | None
    seconds_left: float | None
    workers: Sequence[Working]
    errors: Sequence[Problem]
    reason: str


def progress(sweep: Sweep) -> Progress:
    """How far a sweep is now."""
    chunks = Chunk.objects.filter(sweep=sweep)
    done = Q(state=Chunk.State.DONE)
    counted = chunks.aggregate(
        n=Count("pk"), n_done=Count("pk", filter=done), plans=Sum(F("stop") - F("start"), filter=done)
    )
    is_active = sweep.state in ACTIVE
    leased = list(chunks.filter(state=Chunk.State.LEASED).order_by("index")) if is_active else []
    speed = _plans_per_s(chunks, leased) if is_active else None
    n_plans_done = counted["plans"] or 0
    return Progress(
        state=sweep.state,
        n_plans=sweep.n_plans,
        n_plans_done=n_plans_done,
        n_chunks=counted["n"],
        n_chunks_done=counted["n_done"],
        plans_per_s=speed,
        seconds_left=(sweep.n_plans - n_plans_done) / speed if speed else None,
        workers=[Working(in_words(chunk.worker), _does(chunk)) for chunk in leased],
        errors=_errors(chunks),
        reason=sweep.reason or ("" if not is_active or leased or _has_worker() else _no_worker(sweep)),
    )


def _plans_per_s(chunks: QuerySet[Chunk], leased: Sequence[Chunk]) -> float | None:
    """What the processes at work do together, each as fast as the last chunks were done."""
    last = list(
        chunks.filter(state=Chunk.State.DONE, seconds__gt=0, start__lt=F("stop")).order_by("-heartbeat")[
            :LAST_CHUNKS
        ]
    )
    seconds = sum(chunk.seconds or 0.0 for chunk in last)
    if not seconds:
        return None
    # one that is between two chunks is at work too
    just_done = chunks.filter(
        state=Chunk.State.DONE, heartbeat__gt=Now() - timedelta(seconds=AT_WORK_S)
    ).values_list("worker", flat=True)
    at_work = {process_of(holder) for holder in (*just_done, *(chunk.worker for chunk in leased))}
    return len(at_work) * sum(chunk.stop - chunk.start for chunk in last) / seconds or None


def _errors(chunks: QuerySet[Chunk]) -> list[Problem]:
    failed = chunks.exclude(error="").order_by("-heartbeat")[:MOST_ERRORS]
    return [Problem(_range(chunk), chunk.error) for chunk in failed]


def _does(chunk: Chunk) -> str:
    return f"computes {_range(chunk)}" if chunk.start < chunk.stop else "sums up"


def _range(chunk: Chunk) -> str:
    if chunk.start == chunk.stop:
        return "summing up"
    return f"plans {chunk.start + 1:,} to {chunk.stop:,}"


def _no_worker(sweep: Sweep) -> str:
    is_new = timezone.now() - sweep.created < timedelta(seconds=STARTING_S)
    return NO_WORKER_YET if is_new else NO_WORKER


def _has_worker() -> bool:
    return Worker.objects.filter(seen__gt=Now() - timedelta(seconds=WORKER_SEEN_S)).exists()
