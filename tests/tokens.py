"""Tokens of the API for tests."""

from datetime import datetime

from django.contrib.auth.models import User

from dashboard.tokens.making import make_token
from tests.estate import NOW


def bearer(
    user: User, *scopes: str, made_at: datetime = NOW, expires_at: datetime | None = None
) -> dict[str, str]:
    """Return the header that logs in by a new token of a user; without scopes it is for everything."""
    chosen = scopes or ("read", "acknowledge", "collect")
    _, secret = make_token(user, "a test", chosen, made_at, expires_at)
    return {"Authorization": f"Bearer {secret}"}
