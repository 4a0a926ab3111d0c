"""Finding the browser of the tests."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",  # tests run as root in containers, and open nothing but the program itself
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str:
    """Return the path of a Chromium; raises FileNotFoundError that says what to install."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(
        f"the browser tests need one of {', '.join(NAMES)} on PATH: "
        "run make test as root on Debian, or install it (sudo apt-get install chromium)"
    )
