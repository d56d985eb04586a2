"""Asks one thing of a web server: within a deadline, at a checked address, and of the reply no more than its beginning.

The standard library's connections are enough for that, and log nothing: a URL may hold a secret.
"""

import http.client
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from alerts.dialling import Deadline, PrivateAddressError, dial
from alerts.shortened import cut_off
from hubs.names import one_line

DEADLINE_SECONDS = 20
MOST_BYTES = 65_536  # of a reply that are read
LONGEST_TEXT = 300
LONGEST_REASON = 80
PORTS = {"http": 80, "https": 443}
REDIRECTS = (301, 302, 303, 307, 308)
HOST = re.compile(r"[A-Za-z0-9_.:-]+")
OF_PATHS = (
    "!$%&'()*+,/:;=?@[]~"  # what means something in a path or a query, so that it stays as it is
)


@dataclass(frozen=True)
class Answer:
    """What a web server said; the reason is one line, but headers and body are as they came."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes = field(default=b"", repr=False)  # its beginning, or what came of it in time


class HttpError(Exception):
    """No answer, or none that helps: one line, which holds no more of the URL than its host."""

    def __init__(self, text: str, *, retry: bool) -> None:
        super().__init__(cut_off(one_line(text), LONGEST_TEXT))
        self.retry = retry  # whether trying again may help


def request(
    method: str,
    url: str,
    *,
    allow_private: bool,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    redirects: int = 0,
    seconds: float = DEADLINE_SECONDS,
) -> Answer:
    """Ask a web server, and return what it answers after so many redirects at most.

    A user and password in the URL are sent as basic authentication. Headers go along with every redirect, so they may
    hold a secret only where there are none. Raises HttpError; a status that tells of failure is an answer.
    """
    target = _target(url)
    with Deadline(seconds) as deadline:
        for _ in range(redirects + 1):
            answer = _exchange(method, target, body, headers or {}, deadline, allow_private)
            place = answer.headers.get("Location")
            if answer.status not in REDIRECTS or place is None:
                return answer
            came_from, target = target, _target(place, target.url)
            if answer.status in (301, 302, 303) and method == "POST":  # as browsers do
                method, body = "GET", b""
    raise HttpError(
        f"{came_from.host} answered {answer.status}: it would have us go to {target.host}; "
        "write that address instead if it is meant",
        retry=False,
    )


@dataclass(frozen=True)
class _Target:
    """A URL, taken apart."""

    url: str
    scheme: str
    host: str
    port: int
    path: str  # with the query
    login: str  # user:password, or empty


def _target(url: str, seen_from: str = "") -> _Target:
    with suppress(ValueError):  # a port or a name that is none
        url = urljoin(seen_from, url)
        parts = urlsplit(url)
        host = _ascii(parts.hostname or "")
        if parts.scheme in PORTS and HOST.fullmatch(host):
            return _Target(
                url=url,
                scheme=parts.scheme,
                host=host,
                port=PORTS[parts.scheme] if parts.port is None else parts.port,
                path=_quoted(parts.path or "/")
                + (f"?{_quoted(parts.query)}" if parts.query else ""),
                login=parts.netloc.rpartition("@")[0],
            )
    raise HttpError("the URL is not one of http:// or https:// with a host", retry=False)


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _quoted(text: str) -> str:
    return quote(text, safe=OF_PATHS, errors="surrogatepass")


class _Connection(http.client.HTTPConnection):
    """A connection that `dial` makes."""

    deadline: Deadline
    allow_private: bool

    def connect(self) -> None:
        self.sock: socket.socket = dial(
            self.host,
            self.port,
            self.deadline,
            step_seconds=self.deadline.seconds,
            allow_private=self.allow_private,
        )


class _TlsConnection(http.client.HTTPSConnection, _Connection):
    """The same with TLS, which HTTPSConnection puts on what the next class connected."""


def _exchange(
    method: str,
    target: _Target,
    body: bytes,
    headers: Mapping[str, str],
    deadline: Deadline,
    allow_private: bool,
) -> Answer:
    kind = _TlsConnection if target.scheme == "https" else _Connection
    connection = kind(target.host, target.port)
    connection.deadline, connection.allow_private = deadline, allow_private
    beginning = b""
    try:
        connection.request(
            method, target.path, body or None, {**headers, **_own_headers(target.login)}
        )
        with connection.getresponse() as response:
            deadline.left()  # headers that it cut look as if they had ended
            with suppress(OSError, http.client.HTTPException):  # the status has said it all
                beginning = response.read(MOST_BYTES)
    except (OSError, http.client.HTTPException) as problem:
        raise HttpError(_said(problem, target.host, deadline), retry=True) from None
    finally:
        connection.close()
    reason = cut_off(one_line(response.reason.strip()), LONGEST_REASON)
    return Answer(response.status, reason, response.headers, beginning)


def _own_headers(login: str) -> dict[str, str]:
    headers = {"User-Agent": "scmmon", "Connection": "close"}
    if login:
        headers["Authorization"] = f"Basic {b64encode(unquote_to_bytes(login)).decode('ascii')}"
    return headers


def _said(problem: Exception, host: str, deadline: Deadline) -> str:
    """Return what happened and what to do, without the words of a library that may repeat the URL."""
    match problem:
        case PrivateAddressError():
            return str(problem)
        case _ if deadline.is_over:
            return (
                f"{host} came to no end within {deadline.seconds:g} s; see whether it is overloaded"
            )
        case socket.gaierror():
            return f"{host} is no name that is known here; see whether it is right, and DNS works"
        case ssl.SSLCertVerificationError():
            return (
                f"{host} has a certificate that does not hold ({problem.verify_message}); "
                "have it renewed, or let this machine trust who signed it"
            )
        case ssl.SSLError():
            return (
                f"{host} speaks no TLS that is understood; see whether https and the port are right"
            )
        case http.client.RemoteDisconnected():
            return f"{host} ended the connection without an answer; see what it logged"
        case http.client.HTTPException():
            return f"{host} answered what is not HTTP; see whether the URL is right"
        case ConnectionRefusedError():
            return f"{host} refused the connection; see whether it runs, and the port is right"
    return f"{host} cannot be reached ({problem}); see whether this machine may reach it"
