"""Measurements, prices and calibrations for programs."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpResponseBase
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from hardware_catalog.models import CatalogVersion, Device, Measurement
from planner.api.base import ApiView, conditional, etag_of
from planner.api.catalog.views import PAGE_PARAMETERS, DeviceList
from planner.api.evidence import filters, serializers
from planner.api.filtering import Filters, alphabetical
from planner.api.problems import Problem, shortened
from planner.calibration.activation import activation_state, answering_sha256
from planner.calibration.models import CalibrationVersion
from planner.measurements.predicting import predict
from planner.measurements.selectors import measurement
from planner.snapshot import Snapshot, current


class Listed(ApiView, GenericAPIView):
    """A list of rows of the database."""

    is_list = True
    filter_backends = (Filters,)

    def known_parameters(self) -> tuple[str, ...]:
        return (*super().known_parameters(), *PAGE_PARAMETERS, *self.filterset_class.base_filters)

    def page(self, context: dict[str, Any]) -> Response:
        """The page that the address asks for."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        written = self.get_serializer_class()(rows, many=True, context={"request": self.request} | context)
        return self.get_paginated_response(written.data)


def measurements_state() -> tuple[object, ...]:
    """What changes with every load, edit, import and accepted contribution of measurements."""
    version = CatalogVersion.objects.order_by("-pk").values_list("pk", flat=True).first()
    edits = LogEntry.objects.filter(content_type__app_label="hardware_catalog")
    counted = Measurement.objects.aggregate(newest=Max("pk"), shown=Count("pk", filter=Q(withdrawn=False)))
    return version, edits.aggregate(newest=Max("pk"))["newest"], counted["newest"], counted["shown"]


class MeasurementList(Listed):
    """Published and own measurements: every row, with what became of it."""

    serializer_class = serializers.MeasurementSerializer
    filterset_class = filters.MeasurementFilters

    def get_queryset(self) -> QuerySet[Measurement]:
        entries = Measurement.objects.select_related("device", "language_model", "weight_format", "runtime")
        return entries.filter(withdrawn=False).order_by("slug")

    def get(self, request: Request) -> HttpResponseBase:
        return conditional(request, etag_of(request, *measurements_state()), lambda: self.page({}))


class MeasurementDetail(ApiView, GenericAPIView):
    """One measurement beside what we predict for it."""

    serializer_class = serializers.MeasurementDetailSerializer
    problem_statuses = (410,)

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        row, snapshot = measurement(slug), current()
        if row is None:
            raise Problem("not-found", f"There is no measurement “{shortened(slug)}”.")
        if row.withdrawn:
            raise Problem("gone", f"{row} has been withdrawn.")
        etag = etag_of(request, snapshot.sha256, *measurements_state())
        return conditional(request, etag, lambda: self.written(row, snapshot))

    def written(self, row: Measurement, snapshot: Snapshot) -> Response:
        """The measurement with its prediction."""
        context = {"request": self.request, "predictions": predict([row], snapshot)}
        return Response(self.get_serializer_class()(row, context=context).data)


class PriceList(DeviceList):
    """Prices of devices, as far as a source states them."""

    serializer_class = serializers.PriceSerializer
    filterset_class = filters.PriceFilters

    def get_queryset(self) -> QuerySet[Device]:
        priced = Device.objects.filter(withdrawn=False, launch_price_usd__isnull=False)
        return priced.order_by(alphabetical("name"), "slug")


class CalibrationList(Listed):
    """Calibrations that are registered here, the newest first."""

    serializer_class = serializers.CalibrationSerializer
    filterset_class = filters.CalibrationFilters

    def get_queryset(self) -> QuerySet[CalibrationVersion]:
        return CalibrationVersion.objects.defer("document").order_by("-pk")

    def get(self, request: Request) -> HttpResponseBase:
        etag = etag_of(request, calibrations_state())
        return conditional(request, etag, lambda: self.page({"active": answering_sha256()}))


class CalibrationDetail(ApiView, GenericAPIView):
    """One calibration with its file."""

    serializer_class = serializers.CalibrationDetailSerializer

    def get(self, request: Request, sha256: str) -> HttpResponseBase:
        version = CalibrationVersion.objects.filter(sha256=sha256).first()
        if version is None:
            raise Problem("not-found", f"No calibration with the hash {shortened(sha256)} is registered.")
        return conditional(request, etag_of(request, calibrations_state()), lambda: self.written(version))

    def written(self, version: CalibrationVersion) -> Response:
        """The calibration with its file."""
        context = {
            "request": self.request,
            "active": answering_sha256(),
            "document": json.loads(version.document),
        }
        return Response(self.get_serializer_class()(version, context=context).data)


def calibrations_state() -> tuple[object, ...]:
    """What changes whenever another calibration is registered or answers."""
    return activation_state(), CalibrationVersion.objects.aggregate(newest=Max("pk"))["newest"]
