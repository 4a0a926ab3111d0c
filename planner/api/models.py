"""Tokens: the right to write through the API, given to a user by an administrator."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

PREFIX = "sw_"
SHOWN = 8  # first characters of a token, by which its owner knows it again


class ApiToken(models.Model):
    """A token as the database keeps it: who reads the database cannot write with it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is used for.")
    digest = models.CharField("SHA-256", max_length=64, unique=True, editable=False)
    start = models.CharField("begins with", max_length=SHOWN, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    used = models.DateField("last used", null=True, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.start}… ({self.name})"

    def make_secret(self) -> str:
        """Give it a new secret, and return that: it can never be read again."""
        secret = PREFIX + secrets.token_urlsafe(32)
        self.digest, self.start = digest_of(secret), secret[:SHOWN]
        return secret

    @classmethod
    def of_secret(cls, secret: str) -> ApiToken | None:
        """The token with this secret that still holds, its user fetched along."""
        holds = Q(expires__isnull=True) | Q(expires__gt=timezone.now())
        found = cls.objects.select_related("user").filter(holds, digest=digest_of(secret))
        return found.filter(user__is_active=True).first()


def digest_of(secret: str) -> str:
    """What is kept of a secret; it is random and long, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
