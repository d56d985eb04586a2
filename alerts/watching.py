"""Watches another scmmon from a second machine: asks its /healthz, and remembers what it said. No database."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from alerts.context import Context
from alerts.http import Answer, HttpError, request
from alerts.message import Kind, Message, Tone
from hubs.names import one_line

MAILED_AGAIN_AFTER = timedelta(days=1)
LONGEST_STATUS = 100


@dataclass(frozen=True)
class Health:
    """Whether a monitor lives, in one line."""

    is_well: bool
    text: str


def ask(url: str, seconds: float) -> Health:
    """Ask a /healthz; only the answer of an scmmon that says that it is well counts as one."""
    try:
        answer = request("GET", url, redirects=3, seconds=seconds, allow_private=True)
    except HttpError as trouble:
        return Health(False, f"it cannot be asked: {trouble}")
    said = _said(answer)
    status = one_line(str(said.get("status", "")))[:LONGEST_STATUS]
    if answer.status == 200 and status == "ok":
        return Health(
            True, f"the monitor lives; last look {said.get('last_look_at') or 'none yet'}"
        )
    if status:
        last = one_line(str(said.get("last_look_at")))[:LONGEST_STATUS]
        return Health(False, f"the monitor says that it is not well: {status}; last look {last}")
    reason = f"{answer.status} {answer.reason}".strip()
    return Health(False, f"what answers is no scmmon's /healthz: {reason}")


def _said(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def is_news(url: str, health: Health, now: datetime) -> bool:
    """Say whether people should be mailed: it changed, or is bad and they were not mailed for a day."""
    before = _remembered(url)
    if health.is_well:
        return before is not None
    return before is None or now - before >= MAILED_AGAIN_AFTER


def remember(url: str, health: Health, now: datetime) -> None:
    """Keep that people were mailed now; or that it is well, and nothing is to be kept."""
    file = _file(url)
    if health.is_well:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(now.isoformat())


def _remembered(url: str) -> datetime | None:
    """Return when people were last mailed that it is bad; None where it was well, or that cannot be read."""
    try:
        return datetime.fromisoformat(_file(url).read_text())
    except (OSError, ValueError):
        return None


def _file(url: str) -> Path:
    directory: Path = settings.VAR_DIR / "watchdog"
    return directory / sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def health_message(url: str, health: Health, context: Context) -> Message:
    """Return what is to be mailed of a monitor's health."""
    place = _without_login(url)
    state = "lives again" if health.is_well else "does not answer as it should"
    return Message(
        kind=Kind.CHANGE,
        severity=Tone.ALARM,
        tone=Tone.OK if health.is_well else Tone.ALARM,
        subject=f"scmmon watchdog on {context.host}: the monitor {state}",
        conclusion=f"{place}: {health.text}",
        blocks=(context.facts(), context.to_repeat("watchdog", place)),
        link=place,
    )


def _without_login(url: str) -> str:
    """Return a URL without the user and password that it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
