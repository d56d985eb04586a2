"""Sends a parcel to a service that Apprise knows, in a process of its own that may reach only what it should.

Apprise and what it stands on connect in many ways, follow redirects, and may hang: a process can be watched as a whole
and ended. It gets its job on standard input, as others on this machine can read arguments and environments.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from alerts.harmless import line, web_link
from alerts.message import Tone
from alerts.parcel import Outcome, Parcel, Result
from alerts.rendering import brief_of

DEADLINE_SECONDS = 45
CHECK_SECONDS = 20
PROGRAM = [sys.executable, "-B", "-X", "utf8", "-m", "alerts.apprise_child"]
# Of our environment: where the libraries of Python are, and whose certificates are trusted. No proxy.
KEPT = ("LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
# What Apprise calls a tone; the others are `info`.
LOOKS: dict[str, str] = {Tone.OK: "success", Tone.WARN: "warning", Tone.ALARM: "failure"}


def deliver(parcel: Parcel, *, seconds: float = DEADLINE_SECONDS) -> Outcome:
    """Hand a parcel to Apprise; its process is killed where it takes longer than so many seconds."""
    message = parcel.message
    confirm = web_link(parcel.confirm_url)
    said = _from_child(
        {
            "url": parcel.url,
            "title": line(message.subject),
            "body": brief_of(parcel) + (f"\nIt reached me: {confirm}" if confirm else ""),
            "look": LOOKS.get(message.tone, "info"),
            "allow_private": settings.SCMMON_ALLOW_PRIVATE_URLS,
        },
        seconds,
    )
    return Outcome(Result(said["result"]), said["answer"], is_down=said["is_down"])


def problem_of(url: str) -> str:
    """Return why Apprise does not know a URL, without repeating it; empty where it does. Asks nobody else."""
    said = _from_child({"url": url}, CHECK_SECONDS)
    match said["result"]:
        case Result.ACCEPTED:
            return ""
        case Result.REFUSED:
            return str(said["answer"])
        case _:  # its words may hold the URL
            return "Apprise could make nothing of this URL; try again"


def _from_child(job: dict[str, Any], seconds: float) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        child = subprocess.run(
            PROGRAM,
            input=json.dumps({**job, "seconds": seconds}).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may hold the URL
            timeout=seconds,
            cwd="/",
            env={**environment, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _later(
            f"Apprise came to no end within {seconds:g} s; the message may have been taken"
        )
    try:
        said: dict[str, Any] = json.loads(child.stdout)
    except ValueError:
        return _later(f"the process of Apprise ended with {child.returncode} and said nothing")
    return said


def _later(answer: str) -> dict[str, Any]:
    return {"result": Result.LATER, "answer": answer, "is_down": True}
