"""Watches another scmmon from a second machine: asks its /healthz, and remembers what it said. No database."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from alerts import memos
from alerts.context import Context
from alerts.http import Answer, HttpError, request
from alerts.message import Kind, Message, Tone
from hubs.names import one_line

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
    if health.is_well:
        return memos.told_at(_about(url)) is not None
    return not memos.was_told_lately(_about(url), now)


def remember(url: str, health: Health, now: datetime) -> None:
    """Keep that people were mailed now; or that it is well, and nothing is to be kept."""
    if health.is_well:
        memos.forget(_about(url))
    else:
        memos.note(_about(url), now)


def _about(url: str) -> str:
    return f"watchdog {url}"


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
