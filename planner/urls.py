"""Addresses of the site: the question itself at the root, the admin, and the health check."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from planner.health import healthz

urlpatterns = [
    path("", include("planner.plans.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
]
