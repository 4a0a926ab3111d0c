"""Answer a question and keep the answer; the same question to the same catalog and calibration is kept once."""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime

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
# nothing where the snapshot is not kept yet, or somebody else has just kept the plan
_INSERT = (
    f"INSERT INTO {KeptPlan._meta.db_table} (id, snapshot_id, document, record, created, used) "  # noqa: S608
    f"SELECT %s, id, %s, %s, %s, %s FROM {PinnedSnapshot._meta.db_table} WHERE sha256 = %s "
    "ON CONFLICT DO NOTHING"
)
# Threads that compute side by side only take turns at the interpreter, and all are late: one plan after the other.
_COMPUTING = threading.Lock()


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
    now = timezone.now().replace(microsecond=0)
    with _COMPUTING:
        found = _computed(question, snapshot)
        document = as_json(document_of(plan_id, found, now.isoformat()))
        record = to_bytes(found)
    row = (plan_id, zlib.compress(document, 1), record, now, snapshot.sha256)
    if not _insert(*row):
        pin(snapshot)
        _insert(*row)
    _prune_at_times()
    return Kept(plan_id, document)


def _computed(question: Question, snapshot: Snapshot) -> Record:
    plan = make_plan(question, snapshot)
    speed = speed_of(plan)
    answer = whole_answer(plan, speed)
    return Record(plan.question, answer, details_of(plan, answer, speed))


def _insert(plan_id: str, document: bytes, record: bytes, now: datetime, snapshot: str) -> bool:
    """Whether it was written. One statement: the ORM's way takes as long as half of a plan's formulas."""
    created = connection.ops.adapt_datetimefield_value(now)
    used = connection.ops.adapt_datefield_value(now.date())
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [plan_id, document, record, created, used, snapshot])
        return bool(cursor.rowcount)


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
