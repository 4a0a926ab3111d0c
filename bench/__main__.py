"""Run every benchmark, print the figures, and write them to var/bench.json (one flat object)."""

from __future__ import annotations

import json
import os
import sys

import django
from django.core.management import call_command


def main() -> None:
    """Prepare the program as `serve` does, then measure."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    from django.conf import settings

    from bench.api import measure_api
    from bench.api_export import measure_export
    from bench.engine import measure_engine
    from bench.form import measure_form
    from bench.sweeps import measure_sweeps
    from planner.assets import collect_static_if_changed

    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_catalog", verbosity=0)
    collect_static_if_changed()

    figures: dict[str, float] = {}
    for measure in (measure_engine, measure_form, measure_sweeps, measure_api, measure_export):
        found = measure()
        for name, value in found.items():
            sys.stdout.write(f"{name}: {value:,.4g}\n")
        figures |= found
    target = settings.VAR_DIR / "bench.json"
    target.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"written to {target}\n")


if __name__ == "__main__":
    main()
