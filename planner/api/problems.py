"""Errors as RFC 9457 problem details: what is wrong, where, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions

from planner.plans.fields import CONTROL

MEDIA_TYPE = "application/problem+json"
# Where the kinds of problems are explained (urls.py); each has an anchor there.
EXPLAINED_AT = "/api/v1/problems/"
MOST_ERRORS = 20
MOST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the last part of its type, its status, its title and what to do about it."""

    key: str
    status: int
    title: str
    advice: str


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "bad-parameter",
            400,
            "A parameter of the address is wrong",
            "Each error names the parameter. Nothing is ignored: what is not known is refused.",
        ),
        Kind(
            "bad-body",
            400,
            "The body cannot be read",
            "Send UTF-8 JSON without NaN, Infinity and repeated names, or the CSV that the operation describes.",
        ),
        Kind(
            "bad-field",
            400,
            "A field of the body is wrong",
            "Each error points at its field. A name that may mean several entries comes with these as candidates: "
            "send the slug of the one that is meant.",
        ),
        Kind(
            "not-authenticated",
            401,
            "A valid token is needed",
            "Send “Authorization: Bearer …” with a token that an administrator has made under /admin/.",
        ),
        Kind(
            "not-allowed", 403, "This is not yours to do", "Ask with the token or the browser that made it."
        ),
        Kind("not-found", 404, "There is no such thing here", "The lists say what there is."),
        Kind("wrong-method", 405, "This address does not take that method", "The Allow header names those."),
        Kind(
            "not-acceptable",
            406,
            "Not available in that format",
            "Ask with “Accept” or “?format=” for one of the formats that the operation names.",
        ),
        Kind(
            "conflict", 409, "Not in its present state", "Look at its state, and try what that state allows."
        ),
        Kind("gone", 410, "It has left the catalog", "The list says what there is instead."),
        Kind("too-large", 413, "The body is too large", "Send less at a time."),
        Kind(
            "wrong-media-type",
            415,
            "The body is of a kind that is not read here",
            "Say with Content-Type what it is.",
        ),
        Kind(
            "too-many-requests",
            429,
            "Too many requests",
            "Wait for as many seconds as Retry-After says. A token has ten times the limits.",
        ),
        Kind(
            "failed", 500, "The program failed", "It is our fault, and noted. The same may work again later."
        ),
        Kind("unavailable", 503, "Not available at present", "Try again later."),
    )
}


class Problem(exceptions.APIException):
    """Something wrong that is said as a problem; ``errors`` hold a ``detail`` and a ``pointer`` or ``parameter``."""

    def __init__(self, key: str, detail: str, errors: Sequence[Mapping[str, Any]] = (), **extra: Any) -> None:
        self.kind = KINDS[key]
        self.status_code = self.kind.status
        super().__init__(detail)
        self.errors = errors
        self.auth_header = ""  # for a 401
        self.wait: int | None = None  # seconds after which to try again
        self.extra = extra


def document(problem: Problem) -> dict[str, Any]:
    """The body of a problem."""
    kind = problem.kind
    body: dict[str, Any] = {
        "type": f"{EXPLAINED_AT}#{kind.key}",
        "title": kind.title,
        "status": kind.status,
        "detail": printable(str(problem.detail)),
        **problem.extra,
    }
    if problem.errors:
        body["errors"] = [
            {name: printable(value) if isinstance(value, str) else value for name, value in error.items()}
            for error in problem.errors[:MOST_ERRORS]
        ]
    return body


def as_problem(error: Exception) -> Problem:
    """The problem that an exception stands for."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404):
        return Problem("not-found", str(error) or "No such address.")
    if isinstance(error, DjangoPermissionDenied):
        return Problem("not-allowed", str(error) or "This is not yours to do.")
    if isinstance(error, RequestDataTooBig):
        return Problem("too-large", str(error))
    if isinstance(error, SuspiciousOperation):
        return Problem("bad-parameter", "The request is malformed.")
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return Problem("failed", "Something unforeseen happened. It has been noted.")


_BY_STATUS = {
    400: "bad-body",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "wrong-method",
    406: "not-acceptable",
    415: "wrong-media-type",
    429: "too-many-requests",
    503: "unavailable",
}


def _of_framework(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        errors = list(field_errors(error.detail))
        return Problem("bad-field", summary(errors), errors)
    return Problem(_BY_STATUS.get(error.status_code, "failed"), str(error.detail))


def field_errors(detail: Any, pointer: str = "#") -> Iterable[dict[str, str]]:
    """The framework's nested errors as a flat list, each with a JSON pointer to its field."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            at = pointer if name == "non_field_errors" else f"{pointer}/{escaped(str(name))}"
            yield from field_errors(inner, at)
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            yield from field_errors(inner, pointer if isinstance(inner, str) else f"{pointer}/{number}")
    else:
        yield {"detail": str(detail), "pointer": pointer}


def escaped(name: str) -> str:
    """A name within a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def summary(errors: Sequence[Mapping[str, Any]]) -> str:
    """One sentence for all errors: the only one's, or how many there are."""
    if len(errors) == 1:
        return str(errors[0]["detail"])
    return f"{len(errors)} things are wrong; each is named under “errors”."


def unknown(name: str, known: Iterable[str], what: str) -> str:
    """Why a name is refused, and the nearest one that is known."""
    names = list(known)
    near = nearest(name, names)
    hint = f" Did you mean “{near}”?" if near else f" Known: {', '.join(names) or 'none'}."
    return f"“{shortened(name)}” is no {what}.{hint}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like it, or begins like it ("contxt": context_tokens); "" where none does."""
    heads: dict[str, str] = {}
    for candidate in known:
        for head in (candidate, candidate.partition("_")[0]):
            heads.setdefault(head, candidate)
    found = difflib.get_close_matches(name[:MOST_SHOWN], heads, n=1, cutoff=0.7)
    return heads[found[0]] if found else ""


def shortened(text: str) -> str:
    """A stranger's text as a message may repeat it."""
    text = printable(text)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def printable(text: str) -> str:
    """Text without control characters and lone surrogates, which no JSON of ours holds."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
