"""Who asks: nobody in particular, or the owner of the token in the Authorization header."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from planner.api.models import ApiToken

SCHEME = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer TOKEN``. A token that is sent must hold, even where none is needed."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """The user and the token; ``None`` without the header. Raises ``AuthenticationFailed`` for a wrong one."""
        header = get_authorization_header(request)
        if not header:
            return None
        scheme, _, secret = header.decode("latin-1").partition(" ")
        if scheme.lower() != SCHEME.lower() or not secret.strip():
            raise AuthenticationFailed("Write the header as “Authorization: Bearer TOKEN”.")
        token = ApiToken.of_secret(secret.strip())
        if token is None:
            raise AuthenticationFailed("The token is not known, or holds no longer.")
        today = timezone.now().date()
        if token.used != today:
            ApiToken.objects.filter(pk=token.pk).update(used=today)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME
