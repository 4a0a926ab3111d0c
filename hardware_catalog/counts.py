"""What a load did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Count:
    """What a load did to the entries of one kind."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    kept: int = 0  # entries that were added or corrected in the admin

    @property
    def changes(self) -> int:
        return self.created + self.updated + self.withdrawn
