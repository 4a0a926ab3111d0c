"""What a question can be refused for."""

from __future__ import annotations


class PlanError(ValueError):
    """An impossible question: ``field`` names the part of the question, ``message`` says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
