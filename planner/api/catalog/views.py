"""The catalog for programs: lists that are filtered in the database, entries that are read from the snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from hardware_catalog.models import Device, KvFormat, LanguageModel, Machine, Runtime, WeightFormat
from hardware_catalog.models.base import CatalogEntry
from planner.api.base import ApiView, conditional, etag_of
from planner.api.catalog import filters, serializers
from planner.api.filtering import Filters, alphabetical
from planner.api.problems import Problem, shortened
from planner.snapshot import Snapshot, current

PAGE_PARAMETERS = ("page", "page_size")
NEAR = 5


class EntryView(ApiView, GenericAPIView):
    """One kind of entry. Lists ask the database which entries and in which order; the snapshot has the rest."""

    model: ClassVar[type[CatalogEntry]]
    noun: ClassVar[str]
    ranked: ClassVar[str]  # the name resolver's word for the kind
    rows_name: ClassVar[str]  # of the snapshot's mapping by slug

    def rows(self, snapshot: Snapshot) -> Mapping[str, Any]:
        """Entries by slug."""
        found: Mapping[str, Any] = getattr(snapshot, self.rows_name)
        return found

    def context(self, snapshot: Snapshot) -> dict[str, Any]:
        """What the serializers need."""
        return {"request": self.request, "snapshot": snapshot}


class EntryList(EntryView):
    """A page of entries."""

    is_list = True
    filter_backends = (Filters,)

    def known_parameters(self) -> tuple[str, ...]:
        return (*super().known_parameters(), *PAGE_PARAMETERS, *self.filterset_class.base_filters)

    def get_queryset(self) -> QuerySet[Any]:
        return self.model._default_manager.filter(withdrawn=False).order_by(alphabetical("name"), "slug")

    def get(self, request: Request) -> HttpResponseBase:
        snapshot = current()
        return conditional(request, etag_of(request, snapshot.sha256), lambda: self.page(snapshot))

    def page(self, snapshot: Snapshot) -> Response:
        """The page that the address asks for: how many there are, and those of the page."""
        rows = self.rows(snapshot)
        slugs = self.paginate_queryset(
            self.filter_queryset(self.get_queryset()).values_list("slug", flat=True)
        )
        found = [rows[slug] for slug in slugs if slug in rows]
        written = self.get_serializer_class()(found, many=True, context=self.context(snapshot))
        return self.get_paginated_response(written.data)


class EntryDetail(EntryView):
    """One entry."""

    problem_statuses = (410,)

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        snapshot = current()
        row = self.rows(snapshot).get(slug)
        if row is None:
            self.refuse(slug, snapshot)
        written = self.get_serializer_class()
        return conditional(
            request,
            etag_of(request, snapshot.sha256),
            lambda: Response(written(row, context=self.context(snapshot)).data),
        )

    def refuse(self, slug: str, snapshot: Snapshot) -> None:
        """Raise that there is no such entry: gone where it has left the catalog, else unknown, with the nearest."""
        near = snapshot.names.rank(slug.replace("-", " ")[:200], (self.ranked,), NEAR)
        candidates = [{"slug": item.slug, "name": item.name} for item in near]
        left = (
            self.model._default_manager.filter(slug=slug, withdrawn=True)
            .values_list("name", flat=True)
            .first()
        )
        if left is not None:
            raise Problem("gone", f"{left} has left the catalog.", candidates=candidates)
        raise Problem(
            "not-found", f"The catalog has no {self.noun} “{shortened(slug)}”.", candidates=candidates
        )


class _Devices(EntryView):
    model, noun, ranked, rows_name = Device, "device", "device", "devices"
    serializer_class = serializers.DeviceSerializer


class DeviceList(_Devices, EntryList):
    """Devices: GPUs, Apple chips, phones, tablets, computers and accelerators."""

    filterset_class = filters.DeviceFilters


class DeviceDetail(_Devices, EntryDetail):
    """One device, with every figure, its notes and its sources."""


class _Machines(EntryView):
    model, noun, ranked, rows_name = Machine, "machine", "machine", "machines"
    serializer_class = serializers.MachineSerializer


class MachineList(_Machines, EntryList):
    """Machines: products as people know them."""

    filterset_class = filters.MachineFilters


class MachineDetail(_Machines, EntryDetail):
    """One machine."""


class _Models(EntryView):
    model, noun, ranked, rows_name = LanguageModel, "language model", "model", "models"
    serializer_class = serializers.ModelSerializer


class ModelList(_Models, EntryList):
    """Open-weight language models."""

    filterset_class = filters.ModelFilters


class ModelDetail(_Models, EntryDetail):
    """One language model, with its configuration and its size in common formats."""

    serializer_class = serializers.ModelDetailSerializer


class _Formats(EntryView):
    model, noun, ranked, rows_name = WeightFormat, "weight format", "format", "formats"
    serializer_class = serializers.FormatSerializer


class FormatList(_Formats, EntryList):
    """Weight formats."""

    filterset_class = filters.FormatFilters


class FormatDetail(_Formats, EntryDetail):
    """One weight format with its rules."""


class _KvFormats(EntryView):
    model, noun, ranked = KvFormat, "KV format", "kv_format"
    serializer_class = serializers.KvFormatSerializer

    def rows(self, snapshot: Snapshot) -> Mapping[str, Any]:
        return {row.slug: row for row in snapshot.rows.kv_formats}


class KvFormatList(_KvFormats, EntryList):
    """Formats of the KV cache."""

    filterset_class = filters.KvFormatFilters


class KvFormatDetail(_KvFormats, EntryDetail):
    """One format of the KV cache."""


class _Runtimes(EntryView):
    model, noun, ranked, rows_name = Runtime, "program", "runtime", "runtimes"
    serializer_class = serializers.RuntimeSerializer


class RuntimeList(_Runtimes, EntryList):
    """Programs that run models."""

    filterset_class = filters.RuntimeFilters


class RuntimeDetail(_Runtimes, EntryDetail):
    """One program, and what it runs where."""
