"""One example of each operation: what is asked, and what the program answers, computed and not written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse

from planner.api.models import ApiToken
from planner.calibration.activation import answering_sha256
from planner.sweeps.models import Sweep
from planner.sweeps.work.computing import compute_here

ANY_SWEEP = "00000000-0000-4000-8000-000000000000"
SWEEP = {
    "name": "Cards for small models",
    "devices": ["RTX 4090", "RTX 3090"],
    "models": ["Llama 3.1 8B", "gpt-oss:20b"],
    "contexts_tokens": [8192, 32768],
    "keep": "running",
}
QUESTION = {
    "device": "RTX 4090",
    "model": "Llama 3.1 8B",
    "format": "Q4_K_M",
    "context_tokens": 16384,
}
MANY = [QUESTION | {"id": "a"}, {"id": "b", "machine": "MacBook Air M4 16 GB", "model": "gpt-oss:20b"}]
CASES_CSV = """\
id,device,model,quant,runtime,prompt_tokens,metric
a,RTX 4090,Llama 3.1 8B,Q4_K_M,llama.cpp,512,decode_tps
b,RTX 4090,No such model,Q4_K_M,llama.cpp,512,decode_tps
"""
CASES = [
    {"id": "a", "device": "RTX 4090", "model": "Llama 3.1 8B", "quant": "Q4_K_M", "metric": "decode_tps"}
]
SERVING = {"model": "Llama 3.1 8B", "concurrency": 32, "ttft_ms": 1000, "tpot_ms": 40, "limit": 2}
# longer lists are cut
MOST_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is an example."""

    operation: str
    view: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    media_type: str = "application/json"
    method: str = "GET"  # without a body


def asked(plan_id: str) -> Iterator[Asked]:
    """All but those of sweeps; ``plan_id`` is that of a kept plan."""
    lists: Mapping[str, dict[str, Any]] = {
        "devices": {"search": "rtx 4090", "kind": "gpu", "ordering": "-bandwidth"},
        "machines": {"device": "nvidia-geforce-rtx-4090", "category": "desktop"},
        "models": {"vendor": "Meta", "parameters_max": 10_000_000_000, "ordering": "-released"},
        "formats": {"family": "gguf", "bits_max": 5},
        "kv-formats": {"ordering": "-bits"},
        "runtimes": {"backend": "CUDA"},
        "measurements": {
            "device": "nvidia-geforce-rtx-4090",
            "metric": "decode_tps_per_seq",
            "ordering": "-date",
        },
        "prices": {"price_usd_max": 2000, "ordering": "-price"},
        "calibrations": {"ordering": "-created"},
    }
    for name, query in lists.items():
        yield Asked(f"{name.replace('-', '_')}_list", name, query=query | {"page_size": 1})
    for name, slug in (
        ("device", "nvidia-geforce-rtx-4090"),
        ("machine", "macbook-air-13-m4-10-core-gpu-16-gb"),
        ("model", "llama-3-1-8b"),
        ("format", "q4-k-m"),
        ("kv-format", "q8_0"),
        ("runtime", "llama-cpp"),
        ("measurement", "apple-axengine-002"),
    ):
        yield Asked(f"{name.replace('-', '_')}s_retrieve", name, {"slug": slug})
    yield Asked("calibrations_retrieve", "calibration", {"sha256": answering_sha256()})
    yield Asked("root", "root")
    yield Asked("plan_create", "plans", body=QUESTION)
    for media in ("json", "csv", "md"):
        yield Asked("plan_retrieve", "plan", {"plan_id": plan_id}, {"format": media})
    yield Asked("serving_size", "serving", body=SERVING)
    yield Asked("plans_many", "many-plans", body=MANY)
    yield Asked("plans_predict", "predictions", body=CASES)
    yield Asked("plans_predict", "predictions", body=CASES_CSV, media_type="text/csv")


def of_sweeps(sweep_id: str) -> Iterator[Asked]:
    """What is done with a sweep, and last of all that it is deleted."""
    path = {"sweep_id": sweep_id}
    yield Asked("sweeps_list", "sweeps")
    yield Asked("sweeps_retrieve", "sweep", path)
    yield Asked("sweeps_stop", "sweep-stop", path, method="POST")
    yield Asked("sweeps_resume", "sweep-resume", path, method="POST")
    yield Asked("sweeps_plans", "sweep-plans", path, {"verdict": "runs", "ordering": "-decode"})
    yield Asked("sweeps_delete", "sweep", path, method="DELETE")


def compute() -> dict[str, Any]:
    """Ask everything of the program itself, and leave nothing behind. RuntimeError where it refuses."""
    with TemporaryDirectory() as folder, override_settings(RESULTS_DIR=Path(folder)), transaction.atomic():
        found = _computed()
        transaction.set_rollback(True)
    return found


def _computed() -> dict[str, Any]:
    client = Client(SERVER_NAME="127.0.0.1", SERVER_PORT="8000")
    first = client.post(reverse("api:plans"), json.dumps(QUESTION), content_type="application/json")
    found: dict[str, Any] = {}
    for request in asked(first.json()["id"]):
        _take(found, client, request)
    token = ApiToken(user=get_user_model().objects.create(username="an example"), name="examples")
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token.make_secret()}"
    token.save()
    created = _take(found, client, Asked("sweeps_create", "sweeps", body=SWEEP))
    sweep_id = created.json()["id"]
    for request in of_sweeps(sweep_id):
        if request.operation == "sweeps_plans":
            compute_here(Sweep.objects.get(pk=sweep_id))
        _take(found, client, request)
    plain: dict[str, Any] = json.loads(json.dumps(found).replace(sweep_id, ANY_SWEEP))
    return plain


def _take(found: dict[str, Any], client: Client, request: Asked) -> Any:
    """Ask, and note what was asked and answered. RuntimeError where it is refused."""
    address = reverse(f"api:{request.view}", kwargs=dict(request.path))
    if request.body is not None:
        text = request.body if isinstance(request.body, str) else json.dumps(request.body)
        response: Any = client.post(address, text, content_type=request.media_type)
    else:
        response = client.generic(request.method, f"{address}?{urlencode(request.query)}")
    if response.status_code >= 300:
        raise RuntimeError(f"{request} was answered {response.status_code}: {response.content[:500]!r}")
    example = found.setdefault(request.operation, {"request": {}, "response": {}, "parameters": {}})
    example["status"] = str(response.status_code)
    if response.status_code != 204:
        media_type = response.headers["Content-Type"].partition(";")[0]
        example["response"][media_type] = _shown(response, media_type)
    example["parameters"] |= dict(request.path) | {k: v for k, v in request.query.items() if k != "format"}
    if request.body is not None:
        example["request"][request.media_type] = request.body
    return response


def _shown(response: Any, media_type: str) -> Any:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return _short(json.loads(body)) if media_type == "application/json" else body.decode()


def _short(value: Any) -> Any:
    """The value with its long lists cut, and a whole file down to its plain entries: it is an example."""
    if isinstance(value, list):
        return [_short(inner) for inner in value[:MOST_ITEMS]]
    if isinstance(value, dict):
        return {name: _plain(inner) if name == "document" else _short(inner) for name, inner in value.items()}
    return value


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if not isinstance(value, dict | list)}
