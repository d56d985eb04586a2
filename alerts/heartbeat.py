"""The outgoing sign of life: an address elsewhere is asked for after each round that worked, and told when one did not.

Whoever watches that address notices our death by our silence, which nothing of ours could tell.
"""

import logging

from django.conf import settings

from alerts.http import HttpError, request
from hubs.names import one_line

log = logging.getLogger("scmmon.heartbeat")

SECONDS = 10
LONGEST_REASON = 2_000


def beat(problem: str = "") -> bool:
    """Ask for SCMMON_HEARTBEAT_URL, or for it with /fail and the problem; return whether that went well.

    Does nothing where the setting is empty. Never raises: what came of it is logged.
    """
    base = settings.SCMMON_HEARTBEAT_URL.rstrip("/")
    if not base:
        return True
    reason = one_line(problem)[:LONGEST_REASON].encode("utf-8", "backslashreplace")
    try:
        answer = request(
            "POST" if problem else "GET",
            f"{base}/fail" if problem else base,
            body=reason,
            redirects=3,
            seconds=SECONDS,
            allow_private=settings.SCMMON_ALLOW_PRIVATE_URLS,
        )
    except HttpError as trouble:
        log.warning("the heartbeat was not taken: %s", trouble)
        return False
    if not 200 <= answer.status < 300:
        log.warning("the heartbeat was not taken: %s %s", answer.status, answer.reason)
        return False
    return True
