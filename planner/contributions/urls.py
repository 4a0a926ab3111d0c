"""Addresses of a visitor's own measurements."""

from __future__ import annotations

from django.urls import path

from planner.contributions import views

app_name = "contributions"

urlpatterns = [
    path("", views.index, name="index"),
    path("export.csv", views.export, name="export_all"),
    path("<uuid:public_id>/", views.detail, name="detail"),
    path("<uuid:public_id>/act/", views.act, name="act"),
    path("<uuid:public_id>/delete/", views.delete, name="delete"),
    path("<uuid:public_id>/export.csv", views.export, name="export"),
]
