"""Editors see submitted contributions with our predictions, and accept or decline them; drafts stay private."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from planner.contributions import services
from planner.contributions.models import DRAFT, Contribution
from planner.contributions.selectors import good_page, stored_refusals
from planner.contributions.shown import shown_rows


@admin.register(Contribution)
class ContributionAdmin(admin.ModelAdmin):
    """Judging what visitors submitted."""

    list_display = ("__str__", "status", "good_rows", "refused_rows", "source_family", "submitted", "judged")
    list_filter = ("status", "kind", "measured_by_project")
    search_fields = ("source_family", "source_url", "source_name", "note")
    search_help_text = "Source family, address, file or note"
    actions = ("accept", "decline")
    date_hierarchy = "submitted"
    list_per_page = 50
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ["status", "kind", "source_name", "note", "submitted", "judged", "judged_by"]}),
        (
            "For judging",
            {"fields": ["source_url", "source_family", "measured_by_project", "decline_reason"]},
        ),
        ("Rows", {"fields": ["measurements", "refused", "what_was_told"]}),
        ("What was read", {"classes": ["collapse"], "fields": ["source_text"]}),
    )
    readonly_fields = (
        *("status", "kind", "source_name", "note", "submitted", "judged", "judged_by", "measurements"),
        *("refused", "what_was_told", "source_text"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contribution]:
        found: QuerySet[Contribution] = super().get_queryset(request)
        return found.exclude(status=DRAFT).annotate(
            good_rows=Count("rows", filter=Q(rows__refusal="")),
            refused_rows=Count("rows", filter=~Q(rows__refusal="")),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_judge_permission(self, request: HttpRequest) -> bool:
        """Whether the user may accept and decline."""
        codename = get_permission_codename("judge", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    @admin.display(description="measurements")
    def good_rows(self, contribution: Any) -> int:
        return int(contribution.good_rows)

    @admin.display(description="refused")
    def refused_rows(self, contribution: Any) -> int:
        return int(contribution.refused_rows)

    @admin.display(description="measurements and predictions")
    def measurements(self, contribution: Contribution) -> str:
        page, judged = good_page(contribution, "1")
        return render_to_string("contributions/admin_rows.html", {"rows": shown_rows(judged), "page": page})

    @admin.display(description="rows that are not taken")
    def refused(self, contribution: Contribution) -> str:
        return "\n".join(f"{told.numbers}: {told.reason}" for told in stored_refusals(contribution)) or "none"

    @admin.display(description="what the visitor added")
    def what_was_told(self, contribution: Contribution) -> str:
        answers = [f"{column}: {text}" for column, text in contribution.answers.items()]
        names = [f"{column} “{text}” is {name}" for column, text, name in contribution.choices]
        return "\n".join([*answers, *names]) or "nothing"

    @admin.action(description="Accept: make measurements of the rows", permissions=["judge"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Contribution]) -> None:
        for contribution in queryset:
            try:
                count = services.accept(contribution, request.user)
            except services.Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.log_change(request, contribution, f"Accepted: {count} measurements.")
                self.message_user(
                    request, f"{contribution}: {count} measurements accepted.", messages.SUCCESS
                )

    @admin.action(description="Decline, with the reason that is written in each", permissions=["judge"])
    def decline(self, request: HttpRequest, queryset: QuerySet[Contribution]) -> None:
        for contribution in queryset:
            try:
                services.decline(contribution, request.user, contribution.decline_reason)
            except services.Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.log_change(request, contribution, f"Declined: {contribution.decline_reason}")
                self.message_user(request, f"{contribution}: declined.", messages.SUCCESS)
