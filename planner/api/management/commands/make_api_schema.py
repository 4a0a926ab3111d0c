"""`manage.py make_api_schema`: compute the examples and write the description of the API, both committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator

from planner.api import schema
from planner.api.examples import compute


class Command(BaseCommand):
    help = "Compute the examples of the REST API and write its OpenAPI description, examples and all."

    def handle(self, *args: Any, **options: Any) -> None:
        write(schema.EXAMPLES, compute())
        schema.examples.cache_clear()
        write(schema.SCHEMA, description())
        self.stdout.write(f"written: {schema.EXAMPLES.name}, {schema.SCHEMA.name}")


def description() -> dict[str, Any]:
    """The description as it follows from the code and the committed examples."""
    found = SchemaGenerator().get_schema(request=None, public=True)
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def write(path: Path, content: Any) -> None:
    """As the repository keeps it."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
