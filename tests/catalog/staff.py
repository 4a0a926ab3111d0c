"""People of the admin, and what their browsers send."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client


def signed_in(name: str = "editor") -> Client:
    """A client of somebody who may do everything."""
    users = get_user_model().objects
    client = Client()
    client.force_login(users.filter(username=name).first() or users.create_superuser(name, "", "secret"))
    return client


def form_values(response: HttpResponse) -> dict[str, Any]:
    """What a browser would send back when nothing is changed."""
    context = response.context
    values: dict[str, Any] = {}
    forms = [context["adminform"].form]
    for formset in context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is True:
                values[bound.html_name] = "on"
            elif value is not None and value is not False:
                values[bound.html_name] = value
                if bound.field.show_hidden_initial:
                    values[bound.html_initial_name] = value
    return values
