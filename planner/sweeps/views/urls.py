"""Addresses of a result's views, below a sweep's own."""

from __future__ import annotations

from django.urls import path

from planner.sweeps.views.contexts_view import contexts_page
from planner.sweeps.views.export_view import export
from planner.sweeps.views.front_view import front_page
from planner.sweeps.views.heat_map_view import heat_map_page
from planner.sweeps.views.plans_view import plans_page

urlpatterns = [
    path("plans/", plans_page, name="plans"),
    path("heat-map/", heat_map_page, name="heat_map"),
    path("front/", front_page, name="front"),
    path("contexts/", contexts_page, name="contexts"),
    path("export/", export, name="export"),
]
