"""What all views of the API share: refused parameters, limits told in headers, problems, conditional answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.http import HttpResponseBase, HttpResponseNotModified
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from planner.api import problems
from planner.api.negotiation import PARAMETER as FORMAT
from planner.api.problems import Problem, shortened, unknown
from planner.api.renderers import ProblemRenderer
from planner.api.throttling import READ, Usage

SAFE = ("GET", "HEAD", "OPTIONS")


class ApiView(APIView):
    """A view of the API. ``parameters`` are those of the address beside ``format``."""

    parameters: tuple[str, ...] = ()
    read_scope: str | None = READ
    write_scope: str | None = READ
    usage: Usage | None = None
    needs_body = True  # where it is posted to

    def scope_of(self, request: Request) -> str | None:
        """Which limit a request counts for."""
        return self.read_scope if request.method in SAFE else self.write_scope

    def known_parameters(self) -> Iterable[str]:
        """Parameters that the address may have."""
        return (*self.parameters, FORMAT)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, self.known_parameters())
        if (
            request.method == "POST"
            and self.needs_body
            and request.META.get("CONTENT_LENGTH") in (None, "", "0")
        ):
            raise Problem("bad-body", "The body is empty: not JSON, nor anything else.")

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> Any:
        found = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(found, Response) and found.content_type == problems.MEDIA_TYPE:
            found.accepted_renderer, found.accepted_media_type = ProblemRenderer(), problems.MEDIA_TYPE
            patch_cache_control(found, no_store=True)
        if self.usage is not None:
            for name, value in self.usage.headers.items():
                found[name] = value
        patch_vary_headers(found, ("Accept",))
        return found


def address(request: Request, name: str, *args: str) -> str:
    """The whole address of a view, as this client reaches it."""
    return f"{request.scheme}://{request.get_host()}{_path(name, args)}"


@lru_cache(maxsize=4096)
def _path(name: str, args: tuple[str, ...]) -> str:
    return reverse(name, args=args)


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """Raise a 400 that names every parameter of the address which is not known, or which is said twice."""
    names, errors = list(known), []
    for name in request.query_params:
        if name not in names:
            errors.append({"detail": unknown(name, names, "parameter of this address"), "parameter": name})
        elif len(request.query_params.getlist(name)) > 1:
            errors.append({"detail": f"“{shortened(name)}” is said more than once.", "parameter": name})
    if errors:
        raise Problem("bad-parameter", problems.summary(errors), errors)


def conditional(
    request: Request, etag: str, answer: Callable[[], Response], *, seconds: int = 0
) -> HttpResponseBase:
    """The answer with its ETag, or 304 without working it out where the client has that already.

    ``seconds``: how long it may be kept without asking again; 0: ask every time.
    """
    known = parse_etags(request.headers.get("If-None-Match", ""))
    weak = f'W/"{etag}"'
    matches = "*" in known or any(tag.removeprefix("W/") == f'"{etag}"' for tag in known)
    response: HttpResponseBase = HttpResponseNotModified() if matches else answer()
    response["ETag"] = weak
    if seconds:
        patch_cache_control(response, public=True, max_age=seconds, immutable=True)
    else:
        patch_cache_control(response, public=True, no_cache=True)
    return response


def etag_of(request: Request, *state: object) -> str:
    """The ETag of what this address shows in this format, given the state that it is drawn from."""
    shown = (request.get_full_path(), request.accepted_renderer.media_type, code_sha256(), *state)
    return hashlib.blake2b(repr(shown).encode(), digest_size=16).hexdigest()


@cache
def code_sha256() -> str:
    """Of this room's code: after an update the same data may be written otherwise."""
    content = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        content.update(path.read_bytes())
    return content.hexdigest()
