"""One example of each operation: what is asked, and what the program answers, computed and not written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from planner.calibration.activation import answering_sha256

HOST = "127.0.0.1:8000"
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


def asked(plan_id: str) -> Iterator[Asked]:
    """All of them; ``plan_id`` is that of a kept plan."""
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
    yield Asked("plans_many", "many-plans", body=MANY)
    yield Asked("plans_predict", "predictions", body=CASES)
    yield Asked("plans_predict", "predictions", body=CASES_CSV, media_type="text/csv")


def compute() -> dict[str, Any]:
    """Ask everything of the program itself. RuntimeError where it refuses."""
    client = Client(SERVER_NAME="127.0.0.1", SERVER_PORT="8000")
    first = client.post(reverse("api:plans"), json.dumps(QUESTION), content_type="application/json")
    found: dict[str, Any] = {}
    for request in asked(first.json()["id"]):
        response, media_type = _send(client, request)
        if response.status_code >= 300:
            raise RuntimeError(f"{request} was answered {response.status_code}: {response.content[:500]!r}")
        example = found.setdefault(request.operation, {"request": {}, "response": {}, "parameters": {}})
        example["status"] = str(response.status_code)
        example["response"][media_type] = _shown(response, media_type)
        example["parameters"] |= dict(request.path) | {
            k: v for k, v in request.query.items() if k != "format"
        }
        if request.body is not None:
            example["request"][request.media_type] = request.body
    return found


def _send(client: Client, request: Asked) -> tuple[HttpResponse, str]:
    address = reverse(f"api:{request.view}", kwargs=dict(request.path))
    if request.body is None:
        response = client.get(address, dict(request.query))
    else:
        text = request.body if isinstance(request.body, str) else json.dumps(request.body)
        response = client.post(address, text, content_type=request.media_type)
    return response, response.headers["Content-Type"].partition(";")[0]


def _shown(response: Any, media_type: str) -> Any:
    body = (
        b"".join(response.streaming_content)
        if isinstance(response, StreamingHttpResponse)
        else response.content
    )
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
