"""The product's settings, with the empty view beside its addresses."""

from __future__ import annotations

from planner.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
ALLOWED_HOSTS = ["127.0.0.1"]
