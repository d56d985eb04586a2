"""Sends one parcel over its channel, whatever comes of it, and sees to it that no secret is in what is told of that.

Touches no database, so that any thread may call it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from django.conf import settings

from alerts import mail, services, webhook
from alerts.parcel import Outcome, Parcel, Result
from alerts.shortened import cut_off
from hubs.names import one_line

SENDERS: Mapping[str, Callable[[Parcel], Outcome]] = {
    "email": mail.deliver,
    "webhook": webhook.deliver,
    "apprise": services.deliver,
}
LONGEST_ANSWER = 500
BETWEEN_PARTS = re.compile(r"[/?&=#:@,;\s]+")  # of a URL
IPV4 = re.compile(r"\d+(?:\.\d+){3}")
SHORTEST_SECRET = 4  # a shorter one gives nothing away, and stands in many words
HIDDEN = "[hidden]"


def send(parcel: Parcel) -> Outcome:
    """Send a parcel, and return what came of it. Never raises: what nobody foresaw is to be tried again."""
    try:
        outcome = SENDERS[parcel.channel_kind](parcel)
    except Exception as problem:  # noqa: BLE001 - one message may not stop the others
        outcome = Outcome(Result.LATER, f"{type(problem).__name__}: {problem}")
    return replace(outcome, answer=_scrubbed(outcome.answer, parcel))


def _scrubbed(answer: str, parcel: Parcel) -> str:
    secrets = [secret for secret in _secrets(parcel) if len(secret) >= SHORTEST_SECRET]
    secrets.sort(key=len, reverse=True)  # so that none goes on behind a shorter one
    if secrets:
        answer = re.sub("|".join(map(re.escape, secrets)), HIDDEN, answer, flags=re.IGNORECASE)
    return cut_off(one_line(answer), LONGEST_ANSWER)


def _secrets(parcel: Parcel) -> Iterator[str]:
    yield from (settings.EMAIL_HOST_USER or "", settings.EMAIL_HOST_PASSWORD or "")
    for secret in parcel.secrets:
        yield from (secret, secret.removeprefix(webhook.PREFIX))
    yield parcel.url
    address = parcel.url.partition("://")[2]
    host = BETWEEN_PARTS.split(address.partition("/")[0].rpartition("@")[2])[0]
    for part in BETWEEN_PARTS.split(address):
        if not (part == host and _may_be_told(host, parcel)):
            yield from (part, unquote(part))


def _may_be_told(host: str, parcel: Parcel) -> bool:
    """Say whether the host of a URL is one; for many services that Apprise knows, a token stands in its place."""
    return parcel.channel_kind == "webhook" or IPV4.fullmatch(host) is not None
