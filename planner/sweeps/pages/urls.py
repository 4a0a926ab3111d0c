"""Addresses of sweeps: their list, their definition, and what can be done with each."""

from __future__ import annotations

from django.urls import include, path

from planner.sweeps.pages import defining, views

app_name = "sweeps"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", defining.new, name="new"),
    path("suggest/<slug:axis>/", defining.suggestions, name="suggest"),
    path("<uuid:sweep_id>/", views.sweep, name="sweep"),
    path("<uuid:sweep_id>/progress/", views.progress, name="progress"),
    path("<uuid:sweep_id>/found/", views.found, name="found"),
    path("<uuid:sweep_id>/stop/", views.stop, name="stop"),
    path("<uuid:sweep_id>/resume/", views.resume, name="resume"),
    path("<uuid:sweep_id>/rename/", views.rename, name="rename"),
    path("<uuid:sweep_id>/delete/", views.delete, name="delete"),
    path("<uuid:sweep_id>/", include("planner.sweeps.views.urls")),
]
