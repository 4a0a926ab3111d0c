"""Settings of the test runs: the product's, without its environment, its var/ and its slow hashing."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

for _name in ("ALLOWED_HOSTS", "DEBUG", "HTTPS", "PORT", "REDIS_URL", "RESULTS_DIR"):
    os.environ.pop(_name, None)
os.environ["SECRET_KEY"] = "a key for tests, which no server ever uses: 0123456789"

from planner.settings import *  # noqa: E402, F403
from planner.settings import DATABASES  # noqa: E402

# One folder for the whole run, in it one for each of its processes: they share what is slow to compute.
if "SIZEWISE_TESTS_FOLDER" not in os.environ:
    os.environ["SIZEWISE_TESTS_FOLDER"] = tempfile.mkdtemp(prefix="sizewise-tests-")
    atexit.register(shutil.rmtree, os.environ["SIZEWISE_TESTS_FOLDER"], ignore_errors=True)
_SHARED = Path(os.environ["SIZEWISE_TESTS_FOLDER"])
_FOLDER = Path(tempfile.mkdtemp(dir=_SHARED))
(_SHARED / "snapshots").mkdir(exist_ok=True)
(_FOLDER / "snapshots").symlink_to(_SHARED / "snapshots")

VAR_DIR = _FOLDER
RESULTS_DIR = _FOLDER / "results"
STATIC_ROOT = _FOLDER / "static"
STATIC_ROOT.mkdir()
# Where no broker is: no worker of the developer's hears of the tests' sweeps.
BROKER_FOLDER = _FOLDER / "broker"
CELERY_BROKER_URL = f"redis+socket://{_FOLDER}/no-broker.sock"

# A file, not memory: WAL and locks behave as in production.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": _FOLDER / "test.sqlite3"}

# The manifest of hashed names exists only after collectstatic, which has a test of its own.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
