"""Pages of a list; a page or size that cannot be is refused."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from planner.api.problems import Problem, shortened

MOST_PAGES = 10_000_000


class Pages(PageNumberPagination):
    """``?page=`` and ``?page_size=``."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    page_query_description = "Number of the page, from 1."
    page_size_query_description = "Entries of a page, at most 500."

    def get_page_size(self, request: Request) -> int:
        return whole(request, "page_size", self.page_size, self.max_page_size)

    def get_page_number(self, request: Request, paginator: Any) -> int:
        number = whole(request, "page", 1, MOST_PAGES)
        if number > max(paginator.num_pages, 1):
            raise Problem("not-found", f"There is no page {number:,}: the last is {paginator.num_pages:,}.")
        return number

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Both parameters with their bounds."""
        found: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter, most in zip(found, (MOST_PAGES, self.max_page_size), strict=True):
            parameter["schema"] |= {"minimum": 1, "maximum": most}
        return found

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Every page has all four."""
        found: dict[str, Any] = super().get_paginated_response_schema(schema)
        found["required"] = ["count", "next", "previous", "results"]
        for name in ("next", "previous"):
            found["properties"][name] = {
                "type": ["string", "null"],
                "format": "uri",
                "description": f"The {name} page, or null.",
            }
        found["properties"]["count"] = {"type": "integer", "description": "Entries of all pages."}
        return found


def whole(request: Request, name: str, default: int, most: int) -> int:
    """A whole number of the address from 1 to ``most``. Raises a 400 for anything else."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most:
        return int(text)
    reason = f"“{shortened(text)}” is no whole number from 1 to {most:,}."
    raise Problem("bad-parameter", reason, [{"detail": reason, "parameter": name}])
