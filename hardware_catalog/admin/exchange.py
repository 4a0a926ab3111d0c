"""Import and export pages: what a file changes is shown before it is done, and nothing is done by halves."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from import_export.admin import ImportExportMixin
from import_export.forms import ConfirmImportForm, ExportForm, ImportForm
from import_export.results import RowResult
from import_export.tmp_storages import BaseStorage

from hardware_catalog.importing.formats import FORMATS
from hardware_catalog.importing.tables import Table

MOST_BYTES = 64 * 1024 * 1024
MOST_SHOWN = 500  # rows of a preview
KEPT_S = 24 * 3600.0  # how long a file waits for its confirmation
_NAME = re.compile(r"[0-9a-f]{32}")


class WaitingFile(BaseStorage):  # type: ignore[misc]
    """An uploaded file between its preview and its confirmation, under ``var/imports``."""

    def save(self, data: bytes) -> None:
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - KEPT_S:
                old.unlink(missing_ok=True)
        self.name = uuid.uuid4().hex
        (folder / self.name).write_bytes(data)

    def read(self) -> bytes:
        return self._path().read_bytes()

    def remove(self) -> None:
        self._path().unlink(missing_ok=True)

    def _folder(self) -> Path:
        return Path(settings.VAR_DIR) / "imports"

    def _path(self) -> Path:
        return self._folder() / str(self.name)


class UploadForm(ImportForm):  # type: ignore[misc]
    """The file, and how it is written."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["import_file"].label = "File"
        self.fields["import_file"].help_text = (
            "Rows are found by their slug (measurements: id). A column that the file lacks stays as it is; "
            "an empty cell is unknown."
        )
        self.fields["resource"].label = "Table"

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(f"The file is too large: at most {MOST_BYTES // 2**20} MiB are read.")
        return file


class DownloadForm(ExportForm):  # type: ignore[misc]
    """Which table, in which format."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["resource"].label = "Table"


class ConfirmForm(ConfirmImportForm):  # type: ignore[misc]
    """Do what the preview shows; rows with faults are left out only where that was asked for."""

    leave_out = forms.BooleanField(widget=forms.HiddenInput(), required=False)

    def clean_import_file_name(self) -> str:
        name = str(self.cleaned_data["import_file_name"])
        if not _NAME.fullmatch(name) or not (Path(settings.VAR_DIR) / "imports" / name).exists():
            raise ValidationError("The file is no longer there: upload it again.")
        return name


class ExchangeAdmin(ImportExportMixin):  # type: ignore[misc]
    """Import and export of one kind of object, as tables."""

    formats = FORMATS
    import_form_class = UploadForm
    confirm_form_class = ConfirmForm
    export_form_class = DownloadForm
    tmp_storage_class = WaitingFile
    import_template_name = "admin/hardware_catalog/import.html"
    export_template_name = "admin/hardware_catalog/export.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whoever may add and change single entries."""
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_or_change_permission(request))

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        form.add_error("import_file", f"The file cannot be read as what was chosen: {e}")

    # preview

    def import_action(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """The form; posted, what the file would change, with the way to do it."""
        response: TemplateResponse = super().import_action(request, **options)
        context = response.context_data or {}
        result = context.get("result")
        if result is not None:
            context["changed"] = [row for row in result.rows if row.is_new() or row.is_update()]
            context["title"] = f"Import {self.opts.verbose_name_plural}: preview"
            if result.has_validation_errors() and not result.has_errors() and context["changed"]:
                # the rows without faults may still be wanted
                context["confirm_form"] = self.create_confirm_form(request, import_form=context["form"])
                context["confirm_form"].initial["leave_out"] = True
        else:
            context["title"] = f"Import {self.opts.verbose_name_plural}"
        context["most_shown"] = MOST_SHOWN
        return response

    def get_import_data_kwargs(self, **options: Any) -> dict[str, Any]:
        form = options.get("form")
        leave_out = bool(form and form.cleaned_data.get("leave_out"))
        return {"rollback_on_validation_errors": not leave_out}

    # doing it

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """Say what was done; where the catalog has changed since the preview, nothing was, and that is said."""
        leave_out = request.POST.get("leave_out") == "True"
        if result.has_errors() or (result.has_validation_errors() and not leave_out):
            message = (
                "Nothing was imported: the catalog has changed since the preview. Upload the file again."
            )
            self.message_user(request, message, messages.ERROR)
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"Import {self.opts.verbose_name_plural}",
                "result": result,
                "most_shown": MOST_SHOWN,
            }
            return TemplateResponse(request, self.import_template_name, context)
        response: HttpResponse = super().process_result(result, request)
        return response

    def add_success_message(self, result: Any, request: HttpRequest) -> None:
        totals = result.totals
        left_out = totals[RowResult.IMPORT_TYPE_INVALID]
        told = [
            f"{totals[RowResult.IMPORT_TYPE_NEW]} new",
            f"{totals[RowResult.IMPORT_TYPE_UPDATE]} changed",
            f"{totals[RowResult.IMPORT_TYPE_SKIP]} as they were",
        ]
        told += [f"{left_out} left out"] if left_out else []
        self.message_user(request, f"Imported: {', '.join(told)}.", messages.SUCCESS)

    def _create_log_entry(self, user_pk: int, rows: Any, import_type: str, action_flag: int) -> None:
        """One line a row in the admin's log: what watches the log sees that the catalog has changed."""
        from django.contrib.admin.models import LogEntry

        if rows:
            LogEntry.objects.log_actions(user_pk, rows, action_flag, change_message="Imported.")

    # export

    def get_export_filename(self, request: Any, queryset: Any, file_format: Any) -> str:
        return f"{self.opts.model_name}s.{file_format.get_extension()}"

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().init_request_context_data(request, form)
        context["title"] = f"Export {self.opts.verbose_name_plural}"
        context["count"] = self.get_export_queryset(request).count()
        return context


TableClass = type[Table]
