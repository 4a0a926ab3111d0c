"""What is done with contributions: stored, submitted, withdrawn, deleted, accepted, declined."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils import timezone

from hardware_catalog import history
from hardware_catalog.measured import ACCEPTED as ACCEPTED_ORIGIN
from hardware_catalog.measured import OWN
from hardware_catalog.measurement_loading import derive
from hardware_catalog.models import Measurement
from planner.contributions.completing import Choice, Completed, complete
from planner.contributions.conversion import measurement_of
from planner.contributions.models import ACCEPTED, DECLINED, DRAFT, SUBMITTED, Contribution, ContributionRow
from planner.contributions.parsers import read
from planner.snapshot import current

# Most files that one visitor keeps here at a time.
MOST_KEPT = 100
BATCH = 500


class Refused(ValueError):
    """Why something cannot be done; the message is for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a visitor brings: the text, what it does not say, and names chosen."""

    text: str
    name: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    choices: Sequence[Choice] = ()
    note: str = ""


def preview(brought: Brought) -> Completed:
    """The rows of a file as they would be stored. Raises ``FileFault`` where it gives none."""
    return complete(read(brought.text), brought.answers, brought.choices, current().names)


def store(brought: Brought, owner: str) -> Contribution:
    """Store a file with its rows as the visitor's own. Raises ``FileFault``, or ``Refused`` where nothing is stored."""
    completed = preview(brought)
    if not completed.good:
        raise Refused("No row of the file is a measurement yet: the reasons stand beside the rows.")
    if Contribution.objects.filter(owner=owner).count() >= MOST_KEPT:
        raise Refused(f"At most {MOST_KEPT} files are kept for one browser: delete some first.")
    contribution = Contribution(
        owner=owner,
        kind=completed.kind,
        source_name=brought.name[:200],
        source_text=brought.text,
        source_url=brought.answers.get("source_url", ""),
        note=brought.note,
        answers=dict(brought.answers),
        choices=[list(choice) for choice in completed.choices],
    )
    with transaction.atomic():
        contribution.save()
        ContributionRow.objects.bulk_create(
            [
                ContributionRow(
                    contribution=contribution,
                    position=position,
                    number=row.number,
                    fields=dict(row.fields),
                    refusal="; ".join(problem.reason for problem in row.problems),
                )
                for position, row in enumerate(completed.rows)
            ],
            batch_size=BATCH,
        )
    return contribution


def submit(contribution: Contribution) -> None:
    """Offer a contribution to the editors. Raises ``Refused`` where it is not a draft or was declined."""
    if contribution.status not in (DRAFT, DECLINED):
        raise Refused("Only a saved file can be submitted.")
    family = contribution.source_family or source_family(contribution)
    _set(
        contribution,
        status=SUBMITTED,
        submitted=timezone.now(),
        decline_reason="",
        source_family=family,
    )


def source_family(contribution: Contribution) -> str:
    """One tester: GitHub's owner/repository or the host where it is published, else this visitor."""
    address = urlsplit(contribution.source_url)
    host = (address.hostname or "").removeprefix("www.")
    parts = [part for part in address.path.split("/") if part]
    if host == "github.com" and len(parts) >= 2:
        return "/".join(parts[:2])[:160]
    return host[:160] or f"contributor-{contribution.owner[:8]}"


def withdraw(contribution: Contribution) -> None:
    """Take a submitted contribution back. Raises ``Refused`` where it is not waiting."""
    if contribution.status != SUBMITTED:
        raise Refused("Only a file that waits for an editor can be taken back.")
    _set(contribution, status=DRAFT, submitted=None)


def delete(contribution: Contribution) -> None:
    """Delete a contribution for good. Raises ``Refused`` once it is accepted: its rows are then the catalog's."""
    if contribution.status == ACCEPTED:
        raise Refused("An accepted file is part of the catalog: only an editor can take it out.")
    contribution.delete()


def accept(contribution: Contribution, editor: AbstractBaseUser | AnonymousUser) -> int:
    """Make measurements of a contribution's good rows; returns how many. Raises ``Refused``.

    The rows need a source family, and a row needs an address of its own or its contribution's.
    """
    if contribution.status != SUBMITTED:
        raise Refused(f"{contribution}: only a submitted contribution can be accepted.")
    if not contribution.source_family:
        raise Refused(f"{contribution}: write the source family first; it says which rows are of one tester.")
    taken = contribution.rows.filter(refusal="", left_out="")
    if not taken.exists():
        raise Refused(f"{contribution}: every row is left out; decline it instead.")
    rows = list(taken.filter(measurement=None))
    measurements = [_measurement(contribution, row) for row in rows]
    snapshot = current()
    derive(measurements, snapshot.rows, snapshot.names)
    with transaction.atomic():
        Measurement.objects.bulk_create(measurements, batch_size=BATCH)
        for row, measurement in zip(rows, measurements, strict=True):
            row.measurement = measurement
        ContributionRow.objects.bulk_update(rows, ["measurement"], batch_size=BATCH)
        _show(taken, editor, f"accepted: {contribution}")
        _set(contribution, status=ACCEPTED, decline_reason="", judged=timezone.now(), judged_by_id=editor.pk)
    return taken.exclude(measurement=None).count()


def decline(contribution: Contribution, editor: AbstractBaseUser | AnonymousUser, reason: str) -> None:
    """Decline a submitted contribution, or take an accepted one out of the catalog. Raises ``Refused``."""
    if contribution.status not in (SUBMITTED, ACCEPTED):
        raise Refused(f"{contribution}: only a submitted or accepted contribution can be declined.")
    if not reason.strip():
        raise Refused(f"{contribution}: write the reason for declining first; the visitor reads it.")
    with transaction.atomic():
        _hide(contribution.rows.all(), editor, f"declined: {reason.strip()}")
        _set(
            contribution,
            status=DECLINED,
            decline_reason=reason.strip()[:500],
            judged=timezone.now(),
            judged_by_id=editor.pk,
        )


def leave_out(
    contribution: Contribution, keys: Collection[int], editor: AbstractBaseUser | AnonymousUser, reason: str
) -> int:
    """Take single rows out, with the reason that the visitor reads; returns how many. Raises ``Refused``."""
    _require_open(contribution)
    if not reason.strip():
        raise Refused("Write why the rows are left out: the visitor reads it.")
    rows = contribution.rows.filter(pk__in=keys, refusal="")
    if not rows:
        raise Refused("Choose the rows to leave out.")
    with transaction.atomic():
        _hide(rows, editor, f"left out: {reason.strip()}")
        return rows.update(left_out=reason.strip()[:500])


def take_in(
    contribution: Contribution, keys: Collection[int], editor: AbstractBaseUser | AnonymousUser
) -> int:
    """Take rows in again that were left out; returns how many. Raises ``Refused``."""
    _require_open(contribution)
    rows = contribution.rows.filter(pk__in=keys).exclude(left_out="")
    if not rows:
        raise Refused("Choose rows that are left out.")
    if contribution.status == ACCEPTED and rows.filter(measurement=None).exists():
        raise Refused(
            "These rows never became measurements: decline the file, and accept it when it comes back."
        )
    with transaction.atomic():
        if contribution.status == ACCEPTED:
            _show(rows, editor, "taken in again")
        return contribution.rows.filter(pk__in=[row.pk for row in rows]).update(left_out="")


def _require_open(contribution: Contribution) -> None:
    if contribution.status not in (SUBMITTED, ACCEPTED):
        raise Refused(f"{contribution}: it waits for nobody.")


def _show(rows: Any, editor: AbstractBaseUser | AnonymousUser, reason: str) -> None:
    _set_withdrawn(rows, False, editor, reason)


def _hide(rows: Any, editor: AbstractBaseUser | AnonymousUser, reason: str) -> None:
    _set_withdrawn(rows, True, editor, reason)


def _set_withdrawn(rows: Any, withdrawn: bool, editor: AbstractBaseUser | AnonymousUser, reason: str) -> None:
    """Show or hide the measurements of rows, with a line in the history of each."""
    made = Measurement.objects.filter(contribution_row__in=rows)
    keys = list(made.values_list("pk", flat=True))
    changed = list(made.exclude(withdrawn=withdrawn).values_list("pk", flat=True))
    history.remember(Measurement, changed)
    Measurement.objects.filter(pk__in=changed).update(withdrawn=withdrawn)
    history.record(Measurement, keys, user=editor, reason=reason)


def _set(contribution: Contribution, **changes: object) -> None:
    for name, value in changes.items():
        setattr(contribution, name, value)
    contribution.save(update_fields=list(changes))


def _measurement(contribution: Contribution, row: ContributionRow) -> Measurement:
    """The measurement of one row, before what follows from the catalog is filled in."""
    measurement = measurement_of(
        row.fields, f"contributed-{contribution.public_id.hex[:12]}-{row.position + 1:04d}"
    )
    measurement.origin = OWN if contribution.measured_by_project else ACCEPTED_ORIGIN
    measurement.source_family = contribution.source_family
    measurement.source_url = measurement.source_url or contribution.source_url
    measurement.source_date = measurement.source_date or f"{contribution.created:%Y-%m-%d}"
    return measurement
