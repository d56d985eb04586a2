"""Receivers on loopback to which real messages are sent: a mail server and a web server, each with faults as told.

with SmtpSink() as sink:
    sink.says["bob@example.org"] = "550 no such user"
    sink.receives_mail_of(settings)
    ...
    assert sink.mails[0].recipient == "alice@example.org"

with HttpSink(reply(503, headers={"Retry-After": "60"}), reply(204)) as sink:
    ...
    assert sink.asked[0].json["type"] == "scmmon.test"
"""

import asyncio
import contextlib
import email.policy
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# --- Any server --------------------------------------------------------------------------------

Talk = Callable[[socket.socket], None]


class Server:
    """Listens on a port of loopback and says to whoever connects what it was told to say."""

    def __init__(self, talk: Talk, *, address: str = "127.0.0.1") -> None:
        self._talk = talk
        self._listener = socket.create_server((address, 0), backlog=100)
        self.address = address
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for connection in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            self._talk(client)


def silent(client: socket.socket) -> None:
    """Say nothing until the other side goes."""
    while client.recv(4096):
        pass


def dripping(first: bytes, *, pause: float = 0.01) -> Talk:
    """Say something, then one more byte every now and then until the other side goes."""

    def talk(client: socket.socket) -> None:
        client.sendall(first)
        while True:
            time.sleep(pause)
            client.sendall(b"x")

    return talk


def saying(words: bytes) -> Talk:
    """Say something and end the connection properly, so that it arrives."""

    def talk(client: socket.socket) -> None:
        client.sendall(words)
        client.shutdown(socket.SHUT_WR)
        silent(client)

    return talk


# --- Web server --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        """Its body, read as JSON."""
        return json.loads(self.body)


def reply(
    status: int = 200,
    reason: str = "OK",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"thanks",
) -> Talk:
    """Answer as a web server does."""
    lines = [
        f"HTTP/1.1 {status} {reason}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return saying("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


def redirect(url: str, status: int = 302) -> Talk:
    """Answer that it is elsewhere."""
    return reply(status, "Found", headers={"Location": url})


def endless_body(client: socket.socket) -> None:
    """Answer 200, and then more than anybody can read."""
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        client.sendall(b"x" * 65536)


empty_reply = saying(b"")
garbage = saying(b"\xfe\x00 no HTTP at all \x1b[2J\r\n\r\n")
slow_headers = dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ")
slow_body = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")


class HttpSink(Server):
    """A web server that notes what it is asked, and answers with each reply in turn, then with the last for ever."""

    def __init__(
        self, *replies: Talk, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> None:
        super().__init__(self._answer, address=address)
        self.replies = list(replies) or [reply()]
        self.asked: list[Asked] = []
        self._tls = tls
        self._turn = threading.Lock()

    @property
    def place(self) -> str:
        """Its address and port, as in a URL."""
        return f"{self.address}:{self.port}"

    def url(self, path: str = "/") -> str:
        """Return the URL of something on it."""
        return f"http{'s' if self._tls else ''}://{self.place}{path}"

    def _answer(self, client: socket.socket) -> None:
        if self._tls:
            client = self._tls.wrap_socket(client, server_side=True)
        with client, client.makefile("rb") as lines:
            method, path, _ = lines.readline().decode("latin-1").split(" ", 2)
            headers = {}
            while line := lines.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = lines.read(int(headers.get("content-length", 0)))
            with self._turn:
                self.asked.append(Asked(method, path, headers, body))
                say = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            say(client)


# --- Mail server -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReceivedMail:
    """A mail that the server took."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def recipient(self) -> str:
        """Its one recipient."""
        (recipient,) = self.recipients
        return recipient

    @property
    def parsed(self) -> EmailMessage:
        """The mail, read strictly."""
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


HANG = "hang"  # say nothing more
CLOSE = "close"  # end the connection without a word


@dataclass
class SmtpSink:
    """A real mail server. It keeps what it takes, and says something else than 250 where it was told to.

    `says` holds the reply, HANG or CLOSE for `MAIL`, `DATA`, or the address of a recipient. Whoever logs in needs the
    password, if there is one.
    """

    password: str = ""
    tls: ssl.SSLContext | None = None  # for STARTTLS
    says: dict[str, str] = field(default_factory=dict)
    mails: list[ReceivedMail] = field(default_factory=list)
    attempts: int = 0  # how many mails it was offered whole, whatever it said then

    def __enter__(self) -> Self:
        self._controller = _Controller(
            self,
            hostname="127.0.0.1",
            port=0,
            server_hostname="sink.example",
            ready_timeout=30,
            authenticator=self._authenticated,
            auth_require_tls=False,
            tls_context=self.tls,
        )
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._controller.port

    @property
    def url(self) -> str:
        """EMAIL_URL of a process that is to send mail here."""
        return f"smtp://127.0.0.1:{self.port}"

    def receives_mail_of(self, settings: Any) -> None:
        """Have Django send its mail here; `settings` is the fixture of pytest-django."""
        mail_to(settings, self.port)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._reply(server, "MAIL")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self._reply(server, address)
        if said.startswith("2"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.attempts += 1
        said = await self._reply(server, "DATA", "250 taken as 4711")
        if said.startswith("2"):
            raw = envelope.content
            assert isinstance(raw, bytes)
            self.mails.append(ReceivedMail(envelope.mail_from or "", envelope.rcpt_tos, raw))
        return said

    async def _reply(self, server: SMTP, about: str, usual: str = "250 OK") -> str:
        said = self.says.get(about, usual)
        if said == HANG:
            await asyncio.Event().wait()
        if said == CLOSE:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return said

    def _authenticated(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: Any
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        return AuthResult(success=login.password.decode() == self.password, handled=False)


class _Controller(Controller):
    """aiosmtpd's, on whatever port is free, which says nothing when a client goes in the middle of something."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        self.loop.set_exception_handler(lambda *_: None)
        super()._trigger_server()  # type: ignore[no-untyped-call]


def mail_to(settings: Any, port: int, **more: Any) -> None:
    """Have Django send its mail to a port of loopback; `more` are EMAIL_ settings, such as `host_user`."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    for name, value in more.items():
        setattr(settings, f"EMAIL_{name.upper()}", value)


# --- TLS, and names ----------------------------------------------------------------------------


def certificate(directory: Path, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS with a certificate that it signed itself, and the file of the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sink")])
    now = datetime.now(UTC)
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "certificate.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file


class Internet:
    """Names as a resolver would have them, and addresses out in the world that lead to a port of loopback instead.

    `names` holds the addresses of a name, one list for each time that it is asked for, and then the last for ever.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: dict[str, list[list[str]]] = {}
        self.leads_to: dict[str, int] = {}
        self.connected: list[str] = []
        self._resolve, self._connect = socket.getaddrinfo, socket.socket.connect
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)
        monkeypatch.setattr(
            socket.socket, "connect", lambda one, address: self._connected(one, address)
        )

    def _getaddrinfo(self, host: str, port: int, *arguments: Any, **options: Any) -> list[Any]:
        answers = self.names.get(host, [[host]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [one for ip in found for one in self._resolve(ip, port, *arguments, **options)]

    def _connected(self, connection: socket.socket, address: Any) -> None:
        self.connected.append(address[0])
        if port := self.leads_to.get(address[0]):
            address = ("127.0.0.1", port)
        self._connect(connection, address)
