"""Sends a parcel as a webhook, signed as Standard Webhooks has it, so that its receiver knows who sent it and when."""

import binascii
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from django.conf import settings

from alerts.http import DEADLINE_SECONDS, Answer, HttpError, request
from alerts.parcel import Outcome, Parcel, Result
from alerts.rendering import text_of

GONE = 410
NOT_NOW = (408, 425, 429)  # and all from 500 on
OVERLOADED = (429, 502, 503, 504)
LONGEST_PAUSE = timedelta(hours=24)
PREFIX = "whsec_"  # of a secret in base64


def deliver(parcel: Parcel, *, seconds: float = DEADLINE_SECONDS) -> Outcome:
    """Post a parcel to its URL; no redirect is followed, as what is signed is for one receiver."""
    body = _body(parcel)
    now = datetime.now(UTC)
    try:
        answer = request(
            "POST",
            parcel.url,
            body=body,
            headers={"Content-Type": "application/json", **_signed(parcel, body, now)},
            seconds=seconds,
            allow_private=settings.SCMMON_ALLOW_PRIVATE_URLS,
        )
    except HttpError as trouble:
        result = Result.LATER if trouble.retry else Result.REFUSED
        return Outcome(result, str(trouble), is_down=trouble.retry)
    return _outcome(answer, now)


def signing_key(secret: str) -> bytes:
    """Return the bytes with which a secret signs: `whsec_` and base64, or any other text as it is.

    Raises ValueError where `whsec_` is followed by what is no base64.
    """
    if not secret.startswith(PREFIX):
        return secret.encode("utf-8", "surrogatepass")
    encoded = secret.removeprefix(PREFIX).rstrip("=")
    try:
        return b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        raise ValueError(f"what follows {PREFIX} is not base64") from None


def signatures(secrets: Iterable[str], message_id: str, timestamp: str, body: bytes) -> str:
    """Return the header that signs a body: `v1,` and a signature in base64, for each secret."""
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    digests = (hmac.digest(signing_key(secret), signed, sha256) for secret in secrets)
    return " ".join(f"v1,{b64encode(digest).decode('ascii')}" for digest in digests)


def _signed(parcel: Parcel, body: bytes, now: datetime) -> dict[str, str]:
    message_id, timestamp = str(parcel.id), str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp}
    if parcel.secrets:
        headers["webhook-signature"] = signatures(parcel.secrets, message_id, timestamp, body)
    return headers


def _body(parcel: Parcel) -> bytes:
    message = parcel.message
    said: dict[str, Any] = {
        "subject": message.subject,
        "conclusion": message.conclusion,
        "severity": message.severity,
        "state": message.tone,
        "link": message.link,
        "text": text_of(parcel),
        "confirm_url": parcel.confirm_url,
    }
    content = {
        "type": f"scmmon.{message.kind}",
        "timestamp": parcel.created_at.astimezone(UTC).isoformat(),
        "data": said
        | dict(message.facts)
        | said,  # no fact takes the place of what is always there
    }
    # Half a surrogate pair is no UTF-8, and many parsers refuse its escape as well.
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def _outcome(answer: Answer, now: datetime) -> Outcome:
    said = f"{answer.status} {answer.reason}".rstrip()
    if 200 <= answer.status < 300:
        return Outcome(Result.ACCEPTED, said)
    if answer.status in NOT_NOW or answer.status >= 500:
        pause = _pause(answer.headers.get("Retry-After", ""), now)
        return Outcome(Result.LATER, said, retry_after=pause, is_down=answer.status in OVERLOADED)
    return Outcome(Result.REFUSED, said, closes_channel=answer.status == GONE)


def _pause(text: str, now: datetime) -> timedelta | None:
    """Return how long a Retry-After asks us to wait, but no more than a day; None where it says nothing."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(timedelta(seconds=int(text)), LONGEST_PAUSE)
    try:
        pause = parsedate_to_datetime(text).astimezone(UTC) - now
    except (ValueError, OverflowError):
        return None
    return min(max(pause, timedelta(0)), LONGEST_PAUSE)
