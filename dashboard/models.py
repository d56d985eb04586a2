"""ApiToken: with what a program logs in to the API. The secret itself is never stored."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from hubs import validators


class Scope(models.TextChoices):
    """What a token may be used for, as far as its user may do that."""

    READ = "read", "read: everything that its user may see"
    ACKNOWLEDGE = "acknowledge", "acknowledge: answer findings"
    COLLECT = "collect", "collect: ask for looks now"


def known_scopes(value: object) -> None:
    """Refuse what is no list of scopes, each once."""
    if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
        raise ValidationError("Choose at least one scope, each once.")
    if unknown := [scope for scope in value if scope not in Scope.values]:
        raise ValidationError(f"There is no scope {unknown[0]!r}: {', '.join(Scope.values)}.")


class ApiToken(models.Model):
    """A token of a user. It may at most what he may, and of that only what its scopes name."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    label = models.CharField(
        max_length=80, validators=[validators.one_line], help_text="What uses it, and where."
    )
    scopes = models.JSONField(default=list, validators=[known_scopes])
    prefix = models.CharField(
        max_length=8,
        unique=True,
        editable=False,
        help_text="How it begins after scmmon_: enough to know it by, not to log in.",
    )
    secret_hash = models.CharField(
        max_length=64,
        editable=False,
        help_text="SHA-256 of the whole token, as hexadecimal digits.",
    )
    created_at = models.DateTimeField(editable=False)
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="To the hour."
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="When it ends by itself. Empty: not before it is revoked."
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"scmmon_{self.prefix}… of {self.user}: {self.label}"

    def state_at(self, now: datetime) -> str:
        """Return whether it is in force, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        is_over = self.expires_at is not None and self.expires_at <= now
        return "expired" if is_over else "in force"
