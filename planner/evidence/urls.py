"""Addresses of the evidence: how each figure is computed, and how right it is."""

from __future__ import annotations

from django.urls import path

from planner.evidence import accuracy_views, methodology_views

app_name = "evidence"
urlpatterns = [
    path("accuracy/", accuracy_views.accuracy, name="accuracy"),
    path("methodology/", methodology_views.methodology, name="methodology"),
]
