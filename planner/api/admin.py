"""Tokens in the admin: made there, and shown once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html

from planner.api.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """The secret is told after the token is made and never again."""

    list_display = ("name", "user", "start", "created", "expires", "used")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "start")
    autocomplete_fields = ("user",)
    fields = ("user", "name", "expires", "start", "created", "used")
    readonly_fields = ("start", "created", "used")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # whose a token is stays as it was made
        return self.readonly_fields if obj is None else ("user", *self.readonly_fields)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj is not None else ("user", "name", "expires")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk} | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        secret = "" if change else obj.make_secret()
        super().save_model(request, obj, form, change)
        if secret:
            text = format_html(
                "The token, shown only now: <code>{}</code>. Send it as “Authorization: Bearer …”.", secret
            )
            messages.warning(request, text)
