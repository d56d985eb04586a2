"""The process in which Apprise works: a job as JSON on standard input, what came of it as JSON on standard output.

`alerts.services` runs it; it knows neither Django nor our database. Python's audit events tell it of every connection
before it is made, whichever library makes it and whichever redirect led there.
"""

import json
import math
import os
import re
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apprise
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict
from apprise.utils.parse import parse_urls

from alerts.addresses import is_public

LIMITS = {
    resource.RLIMIT_AS: 512 * 1024**2,  # bytes
    resource.RLIMIT_CPU: 30,  # seconds
    resource.RLIMIT_CORE: 0,  # it would hold the URL
}
SCHEMA = re.compile(r"[A-Za-z0-9]{1,20}")
CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
PROGRAMS = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What Python and its packages read. A file that a URL names, such as a template, lies elsewhere; it would be sent away.
READABLE = (
    sys.prefix,
    sys.base_prefix,
    str(Path(apprise.__file__).parents[1]),
    "/usr",
    "/etc/ssl",
    "/etc/pki",
    "/etc/mime.types",
    "/dev/null",
    "/dev/urandom",
)


class UnknownUrlError(Exception):
    """Apprise does not know a URL; the text says why, without the URL."""


class Guard:
    """Refuses what no message needs: programs, files, and addresses that are not to be reached."""

    def __init__(self, may_reach: Callable[[str], bool]) -> None:
        self.may_reach = may_reach
        self.refused: list[str] = []  # addresses that were asked for

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear of an event before it takes place; raises PermissionError where it may not."""
        if event in CONNECTING:
            self._check_connection(arguments[0], arguments[1])
        elif event == "open":
            _check_file(arguments[0], arguments[2])
        elif event in PROGRAMS:
            raise PermissionError("it may start no program")

    def _check_connection(self, connection: socket.socket, address: Any) -> None:
        if address is None:  # it was connected before
            return
        is_internet = connection.family in (socket.AF_INET, socket.AF_INET6)
        place = str(address[0]) if is_internet else "a socket of this machine"
        # A name, which some library leaves to the system to resolve, is no address either.
        if not is_internet or not self.may_reach(place):
            self.refused.append(place)
            raise PermissionError(f"{place} may not be reached")


def _check_file(path: Any, flags: int) -> None:
    if isinstance(path, int):  # it was opened before
        return
    real = Path(os.path.realpath(os.fsdecode(path)))
    if flags & WRITING and real != Path(os.devnull):
        raise PermissionError("it may write no file")
    if not any(real.is_relative_to(place) for place in READABLE):
        raise PermissionError("it may read no file but its own")


def main() -> None:
    """Do one job, and say what came of it."""
    _limit()
    job = json.load(sys.stdin)
    signal.alarm(math.ceil(job["seconds"]) + 1)  # where nobody is left who would end us
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        said = _sent(job) if "body" in job else _checked(job["url"])
    except UnknownUrlError as problem:
        said = _said("refused", str(problem))
    except Exception as problem:  # noqa: BLE001 - whoever waits for us shall hear of it
        said = _said("later", f"{type(problem).__name__}: {problem}")
    json.dump(said, answers)
    answers.flush()


def _limit() -> None:
    for kind, most in LIMITS.items():
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))


def _checked(url: str) -> dict[str, Any]:
    sys.addaudithook(Guard(lambda _: False))
    _service(url)
    return _said("accepted", "")


def _sent(job: dict[str, Any]) -> dict[str, Any]:
    guard = Guard(lambda address: job["allow_private"] or is_public(address))
    sys.addaudithook(guard)
    service = _service(job["url"])
    notifier = apprise.Apprise()
    notifier.add(service)
    told = notifier.notify(
        job["body"], job["title"], notify_type=job["look"], body_format=apprise.NotifyFormat.TEXT
    )
    if told:
        return _said("accepted", f"taken by {service.service_name}")
    if guard.refused:
        where = f"{service.service_name} leads to {guard.refused[-1]}, which is no public address"
        meant = "set SCMMON_ALLOW_PRIVATE_URLS=true if that is meant"
        return _said("later", f"{where}; {meant}", is_down=True)
    words = [entry.message for entry in told.logs()][-1:]
    answer = " ".join([f"{service.service_name} did not take it.", *words])
    is_down = "Connection error" in answer  # as nearly all services of Apprise word it
    return _said("later", answer, is_down=is_down)


def _service(url: str) -> apprise.NotifyBase:
    """Return what Apprise makes of a URL; raises UnknownUrlError where that is nothing."""
    if sum("://" in one for one in parse_urls(url)) > 1:  # type: ignore[no-untyped-call]
        raise UnknownUrlError("these are several URLs: make a channel of each")
    asset = apprise.AppriseAsset(
        app_id="scmmon",
        app_desc="scmmon",
        async_mode=False,
        http_redirects=False,  # a redirected POST arrives without its body, and counts as sent
        image_url_mask="",  # nobody is to load pictures from elsewhere
        pem_autogen=False,
        pgp_autogen=False,
        service_timeout=0,  # we end as a whole
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    parts = url_to_dict(url)  # type: ignore[no-untyped-call]
    if not parts:
        raise UnknownUrlError(_why_unknown(url))
    # Where the URL says nothing else, too long a text is cut. A failure is never to be told as success.
    parts = {"overflow": apprise.OverflowMode.TRUNCATE, **parts, "optional": False}
    service = apprise.Apprise.instantiate(parts, asset=asset)
    if service is None:
        raise UnknownUrlError(_why_unknown(f"{parts['schema']}://"))
    return service


def _why_unknown(url: str) -> str:
    schema, colon, _ = url.partition("://")
    if not colon or not SCHEMA.fullmatch(schema):
        return "this is no Apprise URL"
    known = NotificationManager()  # type: ignore[no-untyped-call]
    if schema.lower() not in known:
        return f"Apprise knows no service {schema}://"
    service = known[schema.lower()]
    if not service.enabled:
        return f"{service.service_name} needs a package that is not installed here"
    return f"this is not how Apprise writes {service.service_name}; see {service.setup_url}"


def _said(result: str, answer: str, *, is_down: bool = False) -> dict[str, Any]:
    return {"result": result, "answer": answer, "is_down": is_down}


if __name__ == "__main__":
    main()
