"""Answer a question and keep the answer; the same question to the same catalog and calibration is kept once."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from planner.kept_plans.details import details_of
from planner.kept_plans.document import as_json, document_of
from planner.kept_plans.models import KeptPlan
from planner.kept_plans.record import VERSION, Record, of_bytes, to_bytes
from planner.pinning.models import PinnedSnapshot
from planner.pinning.pinned import pin
from planner.plans.explain import speed_of
from planner.plans.plan import make_plan
from planner.plans.questions import Question
from planner.plans.services import whole_answer
from planner.snapshot import Snapshot, current

# Anybody may ask: the plans that nobody has asked for longest make room. About 10 KB each.
MOST_KEPT = 100_000
PRUNE_EVERY = 1_000  # plans that one process keeps
_SELECT = f"SELECT document, used = %s FROM {KeptPlan._meta.db_table} WHERE id = %s"  # noqa: S608 (a name of ours)
_SELECT_PINNED = f"SELECT id FROM {PinnedSnapshot._meta.db_table} WHERE sha256 = %s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan under its id."""

    id: str
    document: bytes  # JSON without addresses


class _Counted:
    since_pruning = 0


def keep(question: Question, snapshot: Snapshot | None = None) -> Kept:
    """Answer a question, and keep that. Raises ``PlanError`` for an impossible one."""
    snapshot = snapshot or current()
    plan_id = id_of(question, snapshot)
    known = kept(plan_id)
    if known is not None:
        return known
    plan = make_plan(question, snapshot)
    speed = speed_of(plan)
    answer = whole_answer(plan, speed)
    found = Record(plan.question, answer, details_of(plan, answer, speed))
    now = timezone.now().replace(microsecond=0)
    document = as_json(document_of(plan_id, found, now.isoformat()))
    row = KeptPlan(
        id=plan_id,
        snapshot_id=_pinned(snapshot),
        document=zlib.compress(document, 1),
        record=to_bytes(found),
        created=now,
        used=now.date(),
    )
    # somebody else may be keeping the same one
    KeptPlan.objects.bulk_create([row], ignore_conflicts=True)
    _prune_at_times()
    return Kept(plan_id, document)


def kept(plan_id: str) -> Kept | None:
    """The plan of this id, or ``None``; notes, once a day, that somebody asked for it."""
    today = timezone.now().date()
    with (
        connection.cursor() as cursor
    ):  # programs ask this most of all: half of the time goes without the ORM
        cursor.execute(_SELECT, [today.isoformat(), plan_id])
        row = cursor.fetchone()
    if row is None:
        return None
    document, used_today = row
    if not used_today:
        KeptPlan.objects.filter(pk=plan_id).update(used=today)
    return Kept(plan_id, zlib.decompress(document))


def record_of(plan_id: str) -> Record | None:
    """What the page of a plan is drawn from. Raises ``pydantic.ValidationError`` for another version's."""
    stored = KeptPlan.objects.filter(pk=plan_id).values_list("record", flat=True).first()
    return None if stored is None else of_bytes(bytes(stored))


def id_of(question: Question, snapshot: Snapshot) -> str:
    """The hash of a question and of what answers it."""
    content = json.dumps([VERSION, snapshot.sha256, asdict(question)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _pinned(snapshot: Snapshot) -> int:
    """The key of the kept snapshot, without reading it where it is kept already."""
    with connection.cursor() as cursor:
        cursor.execute(_SELECT_PINNED, [snapshot.sha256])
        row = cursor.fetchone()
    return pin(snapshot).pk if row is None else int(row[0])


def _prune_at_times() -> None:
    _Counted.since_pruning += 1
    if _Counted.since_pruning >= PRUNE_EVERY:
        _Counted.since_pruning = 0
        prune(MOST_KEPT)


def prune(most: int) -> int:
    """Forget the plans that nobody asked for longest, until ``most`` are left; returns how many went."""
    over = KeptPlan.objects.count() - most
    if over <= 0:
        return 0
    last = KeptPlan.objects.order_by("used", "created").values_list("used", "created")[over - 1]
    older = Q(used__lt=last[0]) | Q(used=last[0], created__lte=last[1])
    n_gone, _ = KeptPlan.objects.filter(older).delete()
    return n_gone
