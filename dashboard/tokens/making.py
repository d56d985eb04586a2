"""Tokens of the API: makes one and gives its secret once, finds one by its secret, notes when it was used."""

import hashlib
import logging
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from dashboard.models import ApiToken

log = logging.getLogger("scmmon.tokens")

BEGINNING = "scmmon_"  # so that scanners for leaked secrets know it
PREFIX_BYTES, SECRET_BYTES = 4, 32
SECRET = re.compile(rf"{BEGINNING}([0-9a-f]{{{2 * PREFIX_BYTES}}})_[A-Za-z0-9_-]{{20,100}}")
# Noting each use would make every read a write, which waits while a look is stored.
USE_IS_NOTED_EVERY = timedelta(hours=1)


def make_token(
    user: User,
    label: str,
    scopes: Sequence[str],
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Store a token; return it with its secret, which nothing can tell again. Wrong values are a ValidationError."""
    prefix = secrets.token_hex(PREFIX_BYTES)
    secret = f"{BEGINNING}{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    token = ApiToken(
        user=user,
        label=label,
        scopes=list(scopes),
        prefix=prefix,
        secret_hash=_hash(secret),
        created_at=now,
        expires_at=expires_at,
    )
    token.full_clean()
    token.save()
    return token, secret


def token_of(secret: str, now: datetime) -> ApiToken | None:
    """Return the token in force that has this secret, with its user; None where there is none."""
    match = SECRET.fullmatch(secret)
    if match is None:
        return None
    token = ApiToken.objects.select_related("user").filter(prefix=match[1]).first()
    # A hash is compared even where there is no such prefix, so that the time it takes tells nothing.
    is_it = constant_time_compare(_hash(secret), token.secret_hash if token else "0" * 64)
    if token is None or not is_it:
        return None
    return token if token.state_at(now) == "in force" and token.user.is_active else None


def note_use(token: ApiToken, now: datetime) -> None:
    """Keep when a token was used, to the hour; where nothing can be written, it reads all the same."""
    before = now - USE_IS_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= before:
        # One row of one statement: two requests at once need not both write.
        unnoted = Q(last_used_at=None) | Q(last_used_at__lte=before)
        try:
            ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
        except OperationalError:
            log.warning("the use of a token could not be noted", exc_info=True)


def revoke(token: ApiToken, now: datetime) -> None:
    """End a token for good; one that is revoked already keeps its moment."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
