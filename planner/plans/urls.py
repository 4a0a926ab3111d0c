"""Addresses of the question and its answer."""

from __future__ import annotations

from django.urls import path

from planner.plans import views

app_name = "plans"
urlpatterns = [
    path("", views.index, name="index"),
    path("suggest/<slug:kind>/", views.suggestions, name="suggest"),
]
