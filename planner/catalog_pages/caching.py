"""What is worked out once for a state of the catalog and kept until the catalog changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from planner.snapshot import Snapshot


def per_snapshot[Result](make: Callable[[Snapshot], Result]) -> Callable[[Snapshot], Result]:
    """``make``, called once for each snapshot; only the result of the latest is kept."""
    kept: dict[str, Result] = {}

    @wraps(make)
    def of(snapshot: Snapshot) -> Result:
        if snapshot.sha256 in kept:
            return kept[snapshot.sha256]
        result = make(snapshot)
        kept.clear()
        kept[snapshot.sha256] = result
        return result

    return of
