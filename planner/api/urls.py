"""Addresses of the API, under its version."""

from __future__ import annotations

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from planner.api import root
from planner.api.catalog import views as catalog
from planner.api.evidence import views as evidence
from planner.api.plans import many
from planner.api.plans import views as plans
from planner.api.serving import views as serving
from planner.api.sweeps import views as sweeps
from planner.api.sweeps.plans import SweepPlans


class NameConverter(StringConverter):
    """What a path may ask for by name: text without control characters, which PostgreSQL refuses to look for."""

    regex = r"[^/\x00-\x1f\x7f]+"


register_converter(NameConverter, "name")

app_name = "api"
urlpatterns = [
    path("", root.Root.as_view(), name="root"),
    path("schema/", root.SchemaView.as_view(), name="schema"),
    path("docs/", root.docs, name="docs"),
    path("problems/", root.explained, name="problems"),
    path("devices/", catalog.DeviceList.as_view(), name="devices"),
    path("devices/<name:slug>/", catalog.DeviceDetail.as_view(), name="device"),
    path("machines/", catalog.MachineList.as_view(), name="machines"),
    path("machines/<name:slug>/", catalog.MachineDetail.as_view(), name="machine"),
    path("models/", catalog.ModelList.as_view(), name="models"),
    path("models/<name:slug>/", catalog.ModelDetail.as_view(), name="model"),
    path("formats/", catalog.FormatList.as_view(), name="formats"),
    path("formats/<name:slug>/", catalog.FormatDetail.as_view(), name="format"),
    path("kv-formats/", catalog.KvFormatList.as_view(), name="kv-formats"),
    path("kv-formats/<name:slug>/", catalog.KvFormatDetail.as_view(), name="kv-format"),
    path("runtimes/", catalog.RuntimeList.as_view(), name="runtimes"),
    path("runtimes/<name:slug>/", catalog.RuntimeDetail.as_view(), name="runtime"),
    path("measurements/", evidence.MeasurementList.as_view(), name="measurements"),
    path("measurements/<name:slug>/", evidence.MeasurementDetail.as_view(), name="measurement"),
    path("prices/", evidence.PriceList.as_view(), name="prices"),
    path("calibrations/", evidence.CalibrationList.as_view(), name="calibrations"),
    path("calibrations/<name:sha256>/", evidence.CalibrationDetail.as_view(), name="calibration"),
    path("plans/", plans.PlanList.as_view(), name="plans"),
    path("plans/many/", many.ManyPlans.as_view(), name="many-plans"),
    path("plans/predict/", many.Predictions.as_view(), name="predictions"),
    path("plans/<name:plan_id>/", plans.PlanDetail.as_view(), name="plan"),
    path("serving/", serving.ServingList.as_view(), name="serving"),
    path("sweeps/", sweeps.SweepList.as_view(), name="sweeps"),
    path("sweeps/<uuid:sweep_id>/", sweeps.SweepDetail.as_view(), name="sweep"),
    path("sweeps/<uuid:sweep_id>/stop/", sweeps.SweepStop.as_view(), name="sweep-stop"),
    path("sweeps/<uuid:sweep_id>/resume/", sweeps.SweepResume.as_view(), name="sweep-resume"),
    path("sweeps/<uuid:sweep_id>/plans/", SweepPlans.as_view(), name="sweep-plans"),
    # whatever else, new lines included
    re_path(r"^[\s\S]*/\Z", root.NotThere.as_view(), name="not-there"),
    re_path(r"^[\s\S]*[^/]\Z", root.with_slash),
]
