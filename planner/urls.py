"""Addresses of the site: the question itself at the root, the admin, and the health check."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from planner.health import healthz

# Browsers ask for this one on pages that name no icon, such as the admin's.
favicon = RedirectView.as_view(url=lazy(static, str)("favicon.svg"))

urlpatterns = [
    path("", include("planner.plans.urls")),
    path("", include("planner.evidence.urls")),
    path("", include("planner.catalog_pages.urls")),
    path("serve/", include("planner.serving.urls")),
    path("sweeps/", include("planner.sweeps.pages.urls")),
    path("measurements/own/", include("planner.contributions.urls")),
    path("measurements/", include("planner.measurements.urls")),
    path("", include("planner.kept_plans.urls")),
    path("api/v1/", include("planner.api.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon),
    path("healthz", healthz, name="healthz"),
]
