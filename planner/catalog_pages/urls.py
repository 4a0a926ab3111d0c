"""Addresses of the catalog's public pages."""

from __future__ import annotations

from django.urls import path

from planner.catalog_pages import views

app_name = "catalog"
urlpatterns = [
    path("devices/", views.entries, {"kind": "devices"}, name="devices"),
    path("machines/", views.entries, {"kind": "machines"}, name="machines"),
    path("models/", views.entries, {"kind": "models"}, name="models"),
    path("devices/<slug:slug>/", views.device, name="device"),
    path("machines/<slug:slug>/", views.machine, name="machine"),
    path("models/<slug:slug>/", views.model, name="model"),
    path("formats/", views.formats, name="formats"),
    path("runtimes/", views.runtimes, name="runtimes"),
]
