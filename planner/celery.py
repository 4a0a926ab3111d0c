"""The Celery app: ``celery -A planner worker`` works on sweeps on any host that shares database, broker and results.

Messages are anonymous and only say "there is work": what is to be done stands in the database (planner/sweeps/work).
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning

from planner.environment import InvalidEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "planner.settings")
# Django's checks load all pages, which a worker has no use for; `serve` and `manage.py check` run them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
# Celery advises against root because of messages that carry code; these are JSON without content.
warnings.filterwarnings("ignore", category=SecurityWarning)
# On a lost connection it tells of a default of its next version that the settings have decided on.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)

try:
    import_module(os.environ["DJANGO_SETTINGS_MODULE"])  # reads the environment
except InvalidEnvironment as error:
    sys.exit(f"Sizewise cannot start: {error}")

app = Celery("planner")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["planner.sweeps.work"])
app.steps["worker"].add("planner.sweeps.work.upkeep:UpkeepStep")
