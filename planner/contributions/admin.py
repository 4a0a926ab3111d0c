"""Editors see submitted contributions with our predictions, and accept or decline them; drafts stay private."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from planner.contributions import services
from planner.contributions.models import ACCEPTED, DRAFT, STATUS_WORDS, SUBMITTED, Contribution
from planner.contributions.selectors import good_rows_judged, stored_refusals
from planner.contributions.shown import FAR_OUTSIDE, ShownRow, shown_stored

REVIEW = "admin:contributions_contribution_review"
BY_SCORE = "score"


class StatusFilter(admin.SimpleListFilter):
    """By status, without the drafts, which nobody sees here."""

    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status, words) for status, words in STATUS_WORDS.items() if status != DRAFT]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        status = self.value()
        return queryset.filter(status=status) if status else queryset


@admin.register(Contribution)
class ContributionAdmin(admin.ModelAdmin):
    """Judging what visitors submitted."""

    list_display = (
        *("__str__", "status", "review", "good_rows", "left_out_rows", "refused_rows"),
        *("source_family", "submitted", "judged"),
    )
    list_filter = (StatusFilter, "kind", "measured_by_project")
    search_fields = ("source_family", "source_url", "source_name", "note")
    search_help_text = "Source family, address, file or note"
    actions = ("accept", "decline")
    date_hierarchy = "submitted"
    list_per_page = 50
    show_full_result_count = False
    fieldsets = (
        (
            None,
            {
                "fields": [
                    "status",
                    "review",
                    "kind",
                    "source_name",
                    "note",
                    "submitted",
                    "judged",
                    "judged_by",
                ]
            },
        ),
        (
            "For judging",
            {"fields": ["source_url", "source_family", "measured_by_project", "decline_reason"]},
        ),
        ("Rows", {"fields": ["refused", "what_was_told"]}),
        ("What was read", {"classes": ["collapse"], "fields": ["source_text"]}),
    )
    readonly_fields = (
        *("status", "review", "kind", "source_name", "note", "submitted", "judged", "judged_by"),
        *("refused", "what_was_told", "source_text"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contribution]:
        found: QuerySet[Contribution] = super().get_queryset(request)
        good = Q(rows__refusal="")
        return (
            found.exclude(status=DRAFT)
            .select_related("judged_by")
            .annotate(
                good_rows=Count("rows", filter=good),
                left_out_rows=Count("rows", filter=good & ~Q(rows__left_out="")),
                refused_rows=Count("rows", filter=~good),
            )
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.review_view)
        return [
            path("<int:key>/review/", view, name="contributions_contribution_review"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_judge_permission(self, request: HttpRequest) -> bool:
        """Whether the user may accept and decline."""
        codename = get_permission_codename("judge", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    @admin.display(description="rows")
    def review(self, contribution: Contribution) -> SafeString:
        return format_html('<a href="{}">Review</a>', reverse(REVIEW, args=[contribution.pk]))

    @admin.display(description="measurements")
    def good_rows(self, contribution: Any) -> int:
        return int(contribution.good_rows)

    @admin.display(description="left out")
    def left_out_rows(self, contribution: Any) -> int:
        return int(contribution.left_out_rows)

    @admin.display(description="refused")
    def refused_rows(self, contribution: Any) -> int:
        return int(contribution.refused_rows)

    @admin.display(description="rows that are not taken")
    def refused(self, contribution: Contribution) -> str:
        return "\n".join(f"{told.numbers}: {told.reason}" for told in stored_refusals(contribution)) or "none"

    @admin.display(description="what the visitor added")
    def what_was_told(self, contribution: Contribution) -> str:
        answers = [f"{column}: {text}" for column, text in contribution.answers.items()]
        names = [f"{column} “{text}” is {name}" for column, text, name in contribution.choices]
        return "\n".join([*answers, *names]) or "nothing"

    # many at once

    @admin.action(description="Accept: make measurements of the rows", permissions=["judge"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Contribution]) -> None:
        for contribution in queryset:
            self._accept(request, contribution)

    @admin.action(description="Decline, with one reason for all", permissions=["judge"])
    def decline(self, request: HttpRequest, queryset: QuerySet[Contribution]) -> HttpResponse | None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            return self._page(
                request,
                "decline",
                "Decline contributions",
                contributions=queryset,
                asked_again="reason" in request.POST,
            )
        for contribution in queryset:
            self._decline(request, contribution, reason)
        return None

    # one after the other

    def review_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The rows of one contribution beside the predictions, and what to do with them."""
        contribution = self.get_queryset(request).filter(pk=key).first()
        if contribution is None:
            raise Http404
        if not self.has_view_or_change_permission(request, contribution):
            raise PermissionDenied
        if request.method == "POST":
            if not self.has_judge_permission(request):
                raise PermissionDenied
            self._act(request, contribution)
            order = f"?order={BY_SCORE}" if request.POST.get("order") == BY_SCORE else ""
            return HttpResponseRedirect(reverse(REVIEW, args=[key]) + order)
        rows = shown_stored(good_rows_judged(contribution))
        by_score = request.GET.get("order") == BY_SCORE
        if by_score:
            rows.sort(key=lambda row: -1.0 if row.score is None else row.score, reverse=True)
        return self._page(
            request,
            "review",
            f"Review {contribution}",
            original=contribution,
            rows=rows,
            standings=_standings(rows),
            more=max(0, contribution.good_rows - len(rows)),  # type: ignore[attr-defined]
            by_score=by_score,
            far_outside=FAR_OUTSIDE,
            refused=stored_refusals(contribution),
            told=self.what_was_told(contribution),
            may_judge=self.has_judge_permission(request),
            may_accept=contribution.status == SUBMITTED,
            is_open=contribution.status in (SUBMITTED, ACCEPTED),
        )

    def _act(self, request: HttpRequest, contribution: Contribution) -> None:
        """Do what a button of the review asks for."""
        action, reason = request.POST.get("action", ""), request.POST.get("reason", "")
        keys = [int(key) for key in request.POST.getlist("row") if key.isdigit()]
        family = request.POST.get("source_family", contribution.source_family).strip()[:160]
        if contribution.status == SUBMITTED and family != contribution.source_family:
            contribution.source_family = family
            contribution.save(update_fields=["source_family"])
        try:
            if action == "leave_out":
                count = services.leave_out(contribution, keys, request.user, reason)
                self._told(request, contribution, f"{_counted(count, 'row')} left out: {reason.strip()}")
            elif action == "take_in":
                count = services.take_in(contribution, keys, request.user)
                self._told(request, contribution, f"{_counted(count, 'row')} taken in again.")
        except services.Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        if action == "accept":
            self._accept(request, contribution)
        elif action == "decline":
            self._decline(request, contribution, reason)

    def _accept(self, request: HttpRequest, contribution: Contribution) -> None:
        try:
            count = services.accept(contribution, request.user)
        except services.Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self._told(request, contribution, f"{contribution}: {_counted(count, 'measurement')} accepted.")

    def _decline(self, request: HttpRequest, contribution: Contribution, reason: str) -> None:
        try:
            services.decline(contribution, request.user, reason)
        except services.Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self._told(request, contribution, f"{contribution}: declined: {reason.strip()}")

    def _told(self, request: HttpRequest, contribution: Contribution, what: str) -> None:
        self.log_change(request, contribution, what)
        self.message_user(request, what, messages.SUCCESS)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/contributions/contribution/{template}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "is_nav_sidebar_enabled": False,
                **context,
            },
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _standings(rows: list[ShownRow]) -> str:
    """How many rows lie where: "9 inside, 1 far outside, 2 without a prediction"."""
    counts = Counter(row.standing or "without a prediction" for row in rows)
    order = ("inside", "outside", "far outside", "without a prediction")
    return ", ".join(f"{counts[standing]} {standing}" for standing in order if counts[standing])
