"""Addresses of kept plans."""

from __future__ import annotations

from django.urls import re_path

from planner.kept_plans import views

app_name = "kept_plans"
urlpatterns = [re_path(r"^plans/(?P<plan_id>[0-9a-f]{32})/$", views.plan, name="plan")]
