#!/usr/bin/env python
"""Sizewise's command line."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from planner.environment import InvalidEnvironment


def main() -> None:
    """Run one command; an impossible environment is told in one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "planner.settings")
    try:
        execute_from_command_line(sys.argv)
    except InvalidEnvironment as error:
        sys.exit(f"Sizewise cannot start: {error}")


if __name__ == "__main__":
    main()
