"""What is read of contributions: a visitor's own, and their rows with predictions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from planner.contributions.judging import Judged, judge
from planner.contributions.models import Contribution, ContributionRow
from planner.contributions.parsers import ParsedRow

ROWS_PER_PAGE = 50
# rows of refusals that are listed by number before "and so on"
MOST_NUMBERS = 12
# rows that are judged on one page of a review: about half a second
MOST_REVIEWED = 1000


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, and the rows that have it."""

    reason: str
    numbers: str
    count: int


def owned(owner: str) -> QuerySet[Contribution]:
    """A visitor's contributions, the newest first, with counts of good and refused rows."""
    if not owner:
        return Contribution.objects.none()
    return (
        Contribution.objects.filter(owner=owner)
        .defer("source_text")
        .annotate(
            good_rows=Count("rows", filter=Q(rows__refusal="")),
            refused_rows=Count("rows", filter=~Q(rows__refusal="")),
        )
    )


def owned_one(owner: str, public_id: uuid.UUID) -> Contribution | None:
    """One contribution of a visitor, or ``None`` where there is none or it is somebody else's."""
    return owned(owner).filter(public_id=public_id).first() if owner else None


Stored = tuple[ContributionRow, Judged]


def good_page(contribution: Contribution, number: str) -> tuple[Page, list[Stored]]:
    """One page of a contribution's measurements, each with what we say of it."""
    page = Paginator(_good_rows(contribution), ROWS_PER_PAGE).get_page(number)
    return page, _judged_stored(page.object_list)


def good_rows_judged(contribution: Contribution) -> list[Stored]:
    """A contribution's measurements, the first of them where they are many: for whoever reviews them."""
    return _judged_stored(_good_rows(contribution)[:MOST_REVIEWED])


def _good_rows(contribution: Contribution) -> QuerySet[ContributionRow]:
    return contribution.rows.filter(refusal="").select_related("measurement").order_by("position")


def _judged_stored(rows: Iterable[ContributionRow]) -> list[Stored]:
    listed = list(rows)
    return list(zip(listed, judge([row.fields for row in listed]), strict=True))


def parsed_page(rows: Sequence[ParsedRow], number: str) -> tuple[Page, list[tuple[int, Judged]]]:
    """One page of rows that are not stored yet."""
    page = Paginator(rows, ROWS_PER_PAGE).get_page(number)
    return page, _judged((row.number, dict(row.fields)) for row in page.object_list)


def _judged(rows: Iterable[tuple[int, dict[str, str]]]) -> list[tuple[int, Judged]]:
    listed = list(rows)
    return list(zip((number for number, _ in listed), judge([fields for _, fields in listed]), strict=True))


def refusals(rows: Iterable[tuple[int, str]]) -> list[Refusal]:
    """Reasons with the rows that have them, in order of appearance. Each row is (line or entry, reason)."""
    by_reason: dict[str, list[int]] = {}
    for number, reason in rows:
        by_reason.setdefault(reason, []).append(number)
    return [Refusal(reason, _numbers(found), len(found)) for reason, found in by_reason.items()]


def parsed_refusals(rows: Iterable[ParsedRow]) -> list[Refusal]:
    """The reasons of rows that are not stored yet, each problem of a row for itself."""
    return refusals((row.number, problem.reason) for row in rows for problem in row.problems)


def stored_refusals(contribution: Contribution) -> list[Refusal]:
    """The reasons of a contribution's rows that are no measurements."""
    return refusals(contribution.rows.exclude(refusal="").values_list("number", "refusal"))


def _numbers(found: Sequence[int]) -> str:
    """ "3, 5 to 9, 12" """
    spans: list[list[int]] = []
    for number in found:
        if spans and number - spans[-1][1] <= 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    told = [str(a) if a == b else f"{a} to {b}" if b - a > 1 else f"{a}, {b}" for a, b in spans]
    more = " and more" if len(told) > MOST_NUMBERS else ""
    return ", ".join(told[:MOST_NUMBERS]) + more
