"""Addresses of the measurements' pages."""

from __future__ import annotations

from django.urls import path

from planner.measurements import views

app_name = "measurements"
urlpatterns = [
    path("", views.measurements, name="list"),
    path("outcomes/", views.outcomes, name="outcomes"),
    path("<slug:slug>/", views.measurement, name="measurement"),
]
