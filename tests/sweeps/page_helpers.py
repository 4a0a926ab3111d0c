"""What the tests of the sweeps' pages share: a small question, started by a visitor and computed as a worker does."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from django.http import HttpResponse
from django.test import Client

from planner.sweeps.models import Sweep
from planner.sweeps.work.computing import work_once

NEW = "/sweeps/new/"
SMALL = "device=nvidia-geforce-rtx-4090&model=llama-3-1-8b&contexts=4k,+8k"
HTMX = {"HX-Request": "true", "HX-Target": "summary", "HX-Trigger": "models-add"}
LIVE = HTMX | {"HX-Trigger": "live-count"}


def start(client: Client, query: str = SMALL, **fields: str) -> Sweep:
    """Press the button as the visitor of this client; the sweep that was made."""
    response = client.post(NEW, dict(parse_qsl(query, keep_blank_values=True)) | fields)
    assert response.status_code == 303, body(response)
    return Sweep.objects.get(pk=response["Location"].split("/")[2])


def compute(sweep: Sweep) -> Sweep:
    """Do all that workers do for it."""
    while work_once("a-test:1/1"):
        pass
    sweep.refresh_from_db()
    return sweep


def body(response: HttpResponse) -> str:
    """The page's text."""
    return response.content.decode()


def shown(response: HttpResponse) -> str:
    """What the page says, without tags and with plain spaces."""
    text = re.sub(r"<[^>]+>", " ", body(response)).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", text.replace("&nbsp;", " ").replace("&#x27;", "'"))
