"""Addresses of the sizing of a service."""

from __future__ import annotations

from django.urls import path

from planner.serving import views

app_name = "serving"
urlpatterns = [path("", views.index, name="index")]
