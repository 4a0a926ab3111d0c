"""Fields in which unknown is null, and what all entries have: names, sources, addresses."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from planner.api.base import address
from planner.catalog_pages.evidence import source_lines


class Words(serializers.CharField):
    """A text that may be unknown: the catalog's "" is null here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_representation(self, value: Any) -> str | None:
        return value or None


class Number(serializers.FloatField):
    """A figure that may be unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)

    def to_representation(self, value: Any) -> Any:
        # as written in the sources: 24, not 24.0
        return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)


class Whole(serializers.IntegerField):
    """A count that may be unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, **options)


class SourceSerializer(serializers.Serializer):
    """Where figures come from."""

    citation = serializers.CharField(source="text", help_text="The source as it is cited.")
    url = Words(help_text="Its address; null where the citation names none.")
    licence = Words(help_text="Its licence; null where none is known.")
    licence_note = Words()
    verified = serializers.BooleanField(
        source="is_verified", help_text="False: nobody can check it, or it is known to be unreliable."
    )


class FigureNoteSerializer(serializers.Serializer):
    """What to know of one figure."""

    field = Words(help_text="The figure; null: the whole entry.")
    kind = serializers.ChoiceField(
        choices=["disagreement", "derived", "inferred", "upper_limit", "unverified"]
    )
    text = serializers.CharField()


class EntrySerializer(serializers.Serializer):
    """What all entries of the catalog have. The context holds the snapshot."""

    slug = serializers.CharField(help_text="Its name in addresses and questions: it never changes.")
    name = serializers.CharField()
    aliases = serializers.ListField(
        child=serializers.CharField(), help_text="Other names that are understood."
    )
    notes = Words()
    sources = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    detail_view = ""
    page_view = ""

    @extend_schema_field(SourceSerializer(many=True))
    def get_sources(self, row: Any) -> list[dict[str, Any]]:
        """All its sources."""
        return sources_of(self.citations(row), self.context["snapshot"])

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row: Any) -> str:
        """Its address here."""
        return address(self.context["request"], f"api:{self.detail_view}", row.slug)

    @extend_schema_field(OpenApiTypes.URI)
    def get_html_url(self, row: Any) -> str:
        """Its page."""
        return address(self.context["request"], self.page_view, row.slug)

    def citations(self, row: Any) -> tuple[str, ...]:
        """The citations of its sources."""
        found: tuple[str, ...] = row.sources
        return found


def sources_of(citations: tuple[str, ...], snapshot: Any) -> list[dict[str, Any]]:
    """Sources as the API writes them."""
    return [
        {
            "citation": line.text,
            "url": line.url or None,
            "licence": line.licence or None,
            "licence_note": line.licence_note or None,
            "verified": line.is_verified,
        }
        for line in source_lines(citations, snapshot)
    ]
