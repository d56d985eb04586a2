"""How many requests a minute the API answers: for each token, each user in a browser, each address without login.

Counted by the minute of the clock, in the cache that all processes share. Two that count at the same moment may
count as one: it is a guard against loops that run wild, not an account.
"""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from dashboard.login_throttle import address_of
from dashboard.models import ApiToken

SECONDS = 60


class PerMinute(BaseThrottle):
    """So many requests a minute, and then 429 until the next."""

    def allow_request(self, request: Request, view: Any) -> bool:
        now = int(time.time())
        self._wait = SECONDS - now % SECONDS
        who, most = _who(request)
        key = f"api-requests-{who}-{now // SECONDS}"
        if cache.add(key, 1, timeout=2 * SECONDS):
            return most > 0
        try:
            return cache.incr(key) <= most
        except ValueError:  # it ran out in between
            return True

    def wait(self) -> float:
        """Return the seconds until the next minute."""
        return self._wait


def _who(request: Request) -> tuple[str, int]:
    """Return by what somebody is counted, and how many requests he has."""
    if isinstance(request.auth, ApiToken):
        return f"token-{request.auth.pk}", settings.SCMMON_API_PER_MINUTE
    if request.user.is_authenticated:
        return f"user-{request.user.pk}", settings.SCMMON_API_PER_MINUTE
    return f"address-{address_of(request._request)}", settings.SCMMON_API_ANONYMOUS_PER_MINUTE
