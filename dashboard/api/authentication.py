"""Logging in to the API by a token: `Authorization: Bearer scmmon_…`."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from dashboard.models import ApiToken
from dashboard.tokens.making import note_use, token_of

SCHEMES = (b"bearer", b"token")


class ByToken(BaseAuthentication):
    """The user of a token, with the token as `request.auth`; whoever sends none is asked for a session."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return who asks; a token that is wrong, expired or revoked is 401."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() not in SCHEMES:
            return None
        now = timezone.now()
        secret = words[1].decode("latin-1") if len(words) == 2 else ""
        token = token_of(secret, now)
        if token is None:
            raise exceptions.AuthenticationFailed("This token is wrong, expired or revoked.")
        note_use(token, now)
        return token.user, token

    def authenticate_header(self, request: Any) -> str:
        """Return how to log in, for answers that are 401."""
        words = get_authorization_header(request).split()
        is_wrong = bool(words) and words[0].lower() in SCHEMES
        return 'Bearer realm="scmmon"' + (', error="invalid_token"' if is_wrong else "")
