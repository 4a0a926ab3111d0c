"""Whose contributions and sweeps they are: a random token in a signed cookie; there are no accounts."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

COOKIE = "contributor"
SALT = "planner.contributions.owners"
MAX_AGE_S = 365 * 24 * 3600


def owner_of(request: HttpRequest) -> str:
    """The owner that the request's cookie names, as the database stores it; "" without a valid cookie."""
    try:
        token = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=MAX_AGE_S)
    except BadSignature:
        return ""
    return _stored(token) if token else ""


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(32)


def remember(response: HttpResponse, token: str) -> str:
    """Write the token into the browser; returns the owner as the database stores it."""
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=SALT,
        max_age=MAX_AGE_S,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return _stored(token)


def _stored(token: str) -> str:
    # who reads the database cannot write the cookie
    return hashlib.sha256(token.encode()).hexdigest()
