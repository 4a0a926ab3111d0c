"""Editors list, import, compare and activate calibrations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from planner.calibration import activation
from planner.calibration.comparison import METRIC_NAMES, compared, compared_groups
from planner.calibration.documents import (
    MOST_BYTES,
    Document,
    DocumentError,
    OtherFormulaVersion,
    check_content,
    other_version_reason,
    read_document,
)
from planner.calibration.models import Activation, CalibrationVersion
from planner.engine.calibration import FORMULA_VERSION

ACTIVATE = "calibration.activate_calibrationversion"
GROUP_FIELDS = ("backend", "runtime", "speed_family", "model_kind")


class ImportForm(forms.Form):
    """A calibration file with a name for it."""

    file = forms.FileField(help_text="The JSON that “manage.py calibrate -o FILE” wrote.")
    name = forms.CharField(max_length=100, help_text="What tells it apart in the list.")
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3, "cols": 60}))

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if CalibrationVersion.objects.filter(name=name).exists():
            raise ValidationError("Another calibration has this name.")
        return name

    def clean_file(self) -> Document:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"The file has more than {MOST_BYTES // 2**20} MiB: it is no calibration.")
        try:
            document = read_document(file.read().decode("utf-8"))
            check_content(document)
        except UnicodeDecodeError:
            raise ValidationError("The file is not text in UTF-8.") from None
        except DocumentError as error:
            raise ValidationError(str(error)) from None
        known = CalibrationVersion.objects.filter(sha256=document.sha256).first()
        if known is not None:
            raise ValidationError(f"This very file is stored already, as “{known.name}”.")
        return document


class ActivateForm(forms.Form):
    """Why another calibration is to answer."""

    reason = forms.CharField(required=False, max_length=200, help_text="For those who read the history.")


class CompareForm(forms.Form):
    """Which two calibrations to compare."""

    left = forms.ModelChoiceField(CalibrationVersion.objects.defer("document"), label="This")
    right = forms.ModelChoiceField(CalibrationVersion.objects.defer("document"), label="with that")
    metric = forms.ChoiceField(choices=list(METRIC_NAMES.items()), required=False, label="groups of")
    by = forms.ChoiceField(choices=[(f, f.replace("_", " ")) for f in GROUP_FIELDS], required=False)


def _percent(version: CalibrationVersion, metric: str, figure: str) -> str:
    value = version.accuracy.get(metric, {}).get(figure)
    return "unknown" if value is None else f"{value * 100:.1f} %"


@admin.register(CalibrationVersion)
class CalibrationVersionAdmin(admin.ModelAdmin):
    """Calibration files: immutable, so they are read here, imported, compared and activated."""

    list_display = [
        *("name", "answers_now", "decode_median", "decode_p90", "decode_held", "prefill_median"),
        *("ttft_median", "measurements", "origin", "created", "formula_version"),
    ]
    search_fields = ["name", "sha256", "note"]
    list_per_page = 50
    actions = ["compare_chosen"]
    fields = [
        *("name", "answers_now", "activate_link", "origin", "note", "created", "created_by"),
        *("formula_version", "schema", "sha256", "data_sha256", "measurements", "figures"),
    ]
    readonly_fields = ["answers_now", "activate_link", "measurements", "figures"]

    def get_queryset(self, request: HttpRequest) -> Any:
        answers = Q(sha256=activation.answering_sha256())
        return (
            super()
            .get_queryset(request)
            .defer("document")
            .select_related("created_by")
            .annotate(answers=ExpressionWrapper(answers, output_field=BooleanField()))
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> Any:
            return path(route, self.admin_site.admin_view(view), name=f"calibration_{name}")

        return [
            page("compare/", self.compare_view, "compare"),
            page("back/", self.back_view, "back"),
            page("follow-shipped/", self.follow_shipped_view, "follow_shipped"),
            page("<int:pk>/activate/", self.activate_view, "activate"),
            *super().get_urls(),
        ]

    # the list

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        latest = activation.latest_activation()
        extra = {
            "follows_shipped": latest is None or latest.version is None,
            "can_activate": request.user.has_perm(ACTIVATE),
            "previous": activation.previous_activation(),
            "cannot_answer": activation.cannot_answer(),
        }
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    @admin.display(description="answers now", boolean=True)
    def answers_now(self, version: Any) -> bool:
        return bool(version.answers)

    @admin.display(description="decode: median error")
    def decode_median(self, version: CalibrationVersion) -> str:
        return _percent(version, "decode", "median")

    @admin.display(description="90th percentile")
    def decode_p90(self, version: CalibrationVersion) -> str:
        return _percent(version, "decode", "p90")

    @admin.display(description="interval held")
    def decode_held(self, version: CalibrationVersion) -> str:
        return _percent(version, "decode", "covered")

    @admin.display(description="prefill: median error")
    def prefill_median(self, version: CalibrationVersion) -> str:
        return _percent(version, "prefill", "median")

    @admin.display(description="TTFT: median error")
    def ttft_median(self, version: CalibrationVersion) -> str:
        return _percent(version, "ttft", "median")

    @admin.display(description="measurements")
    def measurements(self, version: CalibrationVersion) -> str:
        return f"{sum(version.rows.values()):,}"

    @admin.display(description="accuracy")
    def figures(self, version: CalibrationVersion) -> str:
        return "; ".join(
            f"{METRIC_NAMES[metric]}: median error {_percent(version, metric, 'median')}, "
            f"90th percentile {_percent(version, metric, 'p90')}, "
            f"interval held {_percent(version, metric, 'covered')}"
            for metric in METRIC_NAMES
        )

    @admin.display(description="activate")
    def activate_link(self, version: CalibrationVersion) -> SafeString | str:
        if version.formula_version != FORMULA_VERSION:
            return other_version_reason(version.formula_version)
        address = reverse("admin:calibration_activate", args=[version.pk])
        return format_html('<a href="{}">Let it answer</a>', address)

    @admin.action(description="Compare two calibrations")
    def compare_chosen(
        self, request: HttpRequest, queryset: QuerySet[CalibrationVersion]
    ) -> HttpResponse | None:
        chosen = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
        if len(chosen) != 2:
            self.message_user(request, "Choose two calibrations to compare.", messages.WARNING)
            return None
        address = reverse("admin:calibration_compare")
        return HttpResponseRedirect(f"{address}?left={chosen[0]}&right={chosen[1]}")

    # the pages beside it

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Import a file."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            version = activation.register(
                form.cleaned_data["file"],
                name=form.cleaned_data["name"],
                origin=CalibrationVersion.Origin.IMPORTED,
                note=form.cleaned_data["note"],
                user=request.user,
            )
            self.log_addition(request, version, "Imported.")
            self.message_user(request, f"“{version.name}” is stored. It does not answer yet.")
            return HttpResponseRedirect(
                reverse("admin:calibration_calibrationversion_change", args=[version.pk])
            )
        return self._page(request, "import", "Import a calibration", form=form)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Figures of two versions side by side."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = CompareForm(request.GET or None)
        context: dict[str, Any] = {"form": form}
        if form.is_bound and form.is_valid():
            left, right = form.cleaned_data["left"], form.cleaned_data["right"]
            metric = form.cleaned_data["metric"] or "decode"
            field = form.cleaned_data["by"] or GROUP_FIELDS[0]
            context |= {
                "left": left,
                "right": right,
                "figures": compared(left, right),
                "groups": compared_groups(left, right, metric, field),
                "groups_of": f"{METRIC_NAMES[metric]}, by {field.replace('_', ' ')}",
            }
        return self._page(request, "compare", "Compare calibrations", **context)

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let one version answer."""
        version = CalibrationVersion.objects.filter(pk=pk).first()
        if version is None:
            raise Http404
        return self._choose(request, version, follow=False)

    def follow_shipped_view(self, request: HttpRequest) -> HttpResponse:
        """Let the shipped file answer, also after updates."""
        return self._choose(request, activation.register_shipped(), follow=True)

    def back_view(self, request: HttpRequest) -> HttpResponse:
        """Let what answered before answer again."""
        previous = activation.previous_activation()
        if previous is None:
            self.message_user(request, "Nothing else was active before.", messages.WARNING)
            return HttpResponseRedirect(reverse("admin:calibration_calibrationversion_changelist"))
        version = previous.version or activation.register_shipped()
        return self._choose(request, version, follow=previous.version is None)

    def _choose(self, request: HttpRequest, version: CalibrationVersion, *, follow: bool) -> HttpResponse:
        """Ask whether ``version`` is to answer, and do it. ``follow``: as the shipped file, whichever it is."""
        if not request.user.has_perm(ACTIVATE):
            raise PermissionDenied
        form = ActivateForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                activation.activate(None if follow else version, user=request.user, reason=reason)
            except OtherFormulaVersion as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.log_change(request, version, f"Activated. {reason}".strip())
                self.message_user(request, f"“{version.name}” answers from now on.")
            return HttpResponseRedirect(reverse("admin:calibration_calibrationversion_changelist"))
        current = CalibrationVersion.objects.filter(sha256=activation.answering_sha256()).first()
        runs_here = version.formula_version == FORMULA_VERSION
        return self._page(
            request,
            "activate",
            "Let the shipped calibration answer" if follow else f"Let “{version.name}” answer",
            form=form,
            version=version,
            current=current,
            refusal="" if runs_here else other_version_reason(version.formula_version),
            follow=follow,
            figures=compared(current, version) if current and current != version else (),
        )

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/calibration/calibrationversion/{template}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "is_nav_sidebar_enabled": False,
                **context,
            },
        )


@admin.register(Activation)
class ActivationAdmin(admin.ModelAdmin):
    """Who let which calibration answer, and when: a record, not to be edited."""

    list_display = ["activated_at", "shown_version", "activated_by", "reason"]
    list_select_related = ["version", "activated_by"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="version")
    def shown_version(self, entry: Activation) -> str:
        return str(entry)
