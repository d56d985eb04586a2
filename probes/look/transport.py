"""Reaches a node: an SSH connection (fabric) or this machine, one script at a time, every step with a deadline.

The only module that knows fabric and paramiko. Whatever they raise becomes a `TransportError`, whose status is
one of the run statuses. Host keys are checked against the node's known_hosts file before any login.
"""

import base64
import contextlib
import hashlib
import os
import shlex
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import paramiko
from fabric import Config, Connection
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR

from probes.look.remote import as_command

BLOCK_BYTES = 1 << 17
KEPT_STDERR_BYTES = 4000
KEEPALIVE_SECONDS = 15


class TransportError(Exception):
    """A node could not be reached or asked; `status` is a run status, `stage` is where it failed."""

    def __init__(self, status: str, stage: str, message: str) -> None:
        super().__init__(message)
        self.status, self.stage = status, stage


@dataclass(frozen=True)
class Address:
    """How a node is reached; times in seconds, file names as the admin wrote them."""

    tag: str
    transport: str = "ssh"
    host: str = ""
    port: int = 22
    user: str = ""
    identity_file: str = ""
    known_hosts: str = ""
    jump_host: str = ""
    connect_seconds: float = 10
    command_seconds: float = 600
    ssh_config: str = ""

    def shell_line(self, command: str) -> str:
        """Return the line that a person can type to ask the node the same."""
        if self.transport == "local":
            return command
        words = [
            "ssh",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
            "-p",
            str(self.port),
        ]
        words += ["-F", self.ssh_config] if self.ssh_config else []
        words += (
            ["-i", self.identity_file, "-o", "IdentitiesOnly=yes"] if self.identity_file else []
        )
        words += ["-o", f"UserKnownHostsFile={self.known_hosts}"] if self.known_hosts else []
        words += ["-J", self.jump_host] if self.jump_host else []
        words += ["-l", self.user] if self.user else []
        return shlex.join([*words, "--", self.host, command])


class Reply(Protocol):
    """The answer to one script, while it arrives."""

    stderr: bytes  # its beginning; whole once the blocks have ended

    def blocks(self) -> Iterator[bytes]:
        """Yield what arrives until the end; raises TransportError when time runs out."""

    def exit_status(self) -> int | None:
        """Return how the script ended, or None when the connection was lost before that was told."""


class Session(Protocol):
    """A node that we can ask."""

    def ask(self, script: str, *, seconds: float, stdin: Iterable[bytes] = ()) -> Reply:
        """Start a script; it, and the reading of its answer, must end within `seconds`."""

    def files(self, *, seconds: float) -> "RemoteFiles":
        """Return the node's files over SFTP, for one that has no shell."""

    def close(self) -> None:
        """Hang up; whatever waits for this node ends at once."""


class Watchdog:
    """Ends something that may wait for ever: calls `stop` when its time is over."""

    def __init__(self, seconds: float, stop: Callable[[], None]) -> None:
        self.bit, self._stop = False, stop
        self._timer = threading.Timer(max(0.0, seconds), self._bite)
        self._timer.daemon = True
        self._timer.start()

    def _bite(self) -> None:
        self.bit = True
        self._stop()

    def rest(self) -> None:
        """Stand down."""
        self._timer.cancel()


# --- This machine ------------------------------------------------------------------------------


class LocalReply:
    """What a script says that runs on this machine."""

    def __init__(self, script: str, stdin: Iterable[bytes], seconds: float) -> None:
        self._seconds, self.stderr = seconds, b""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._watchdog = Watchdog(seconds, self.kill)
        threading.Thread(target=self._feed, args=[stdin], daemon=True).start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _feed(self, stdin: Iterable[bytes]) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError), self._process.stdin as pipe:
            for block in stdin:
                pipe.write(block)

    def _listen(self) -> None:
        assert self._process.stderr
        with contextlib.suppress(OSError, ValueError):
            while block := self._process.stderr.read(BLOCK_BYTES):
                self.stderr = (self.stderr + block)[:KEPT_STDERR_BYTES]

    def blocks(self) -> Iterator[bytes]:
        assert self._process.stdout
        while block := self._process.stdout.read(BLOCK_BYTES):
            yield block
        if self._watchdog.bit:
            raise _late("list", self._seconds)

    def exit_status(self) -> int | None:
        status = self._process.wait()
        self._watchdog.rest()
        self._listener.join(1)
        return status if status >= 0 else None

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)


class LocalSession:
    """This machine as a node (transport `local`)."""

    def __init__(self) -> None:
        self._replies: list[LocalReply] = []

    def ask(self, script: str, *, seconds: float, stdin: Iterable[bytes] = ()) -> Reply:
        self._replies.append(LocalReply(script, stdin, seconds))
        return self._replies[-1]

    def files(self, *, seconds: float) -> "RemoteFiles":
        raise TransportError("malformed", "list", "this machine's /bin/sh did not answer")

    def close(self) -> None:
        for reply in self._replies:
            reply.kill()


# --- SSH ---------------------------------------------------------------------------------------


class SshReply:
    """What a script says on the other end of an SSH channel."""

    def __init__(
        self, session: "SshSession", command: str, stdin: Iterable[bytes], seconds: float
    ) -> None:
        self.stderr, self._seconds = b"", seconds
        self._watchdog = Watchdog(seconds, session.close)
        try:
            self._channel = session.transport.open_session(timeout=seconds)
            self._channel.exec_command(command)
        except (paramiko.SSHException, EOFError, OSError) as problem:
            self._watchdog.rest()
            raise self._translated(problem) from problem
        threading.Thread(target=self._feed, args=[stdin], daemon=True).start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _feed(self, stdin: Iterable[bytes]) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            for block in stdin:
                self._channel.sendall(block)
            self._channel.shutdown_write()

    def _listen(self) -> None:
        # A channel whose stderr nobody reads stops for ever once its window is full.
        with contextlib.suppress(OSError, EOFError):
            while block := self._channel.recv_stderr(BLOCK_BYTES):
                self.stderr = (self.stderr + block)[:KEPT_STDERR_BYTES]

    def blocks(self) -> Iterator[bytes]:
        try:
            while block := self._channel.recv(BLOCK_BYTES):
                yield block
        except (paramiko.SSHException, EOFError, OSError) as problem:
            raise self._translated(problem) from problem
        if self._watchdog.bit:
            raise _late("list", self._seconds)

    def exit_status(self) -> int | None:
        status: int = self._channel.recv_exit_status()
        self._watchdog.rest()
        self._listener.join(1)
        return status if status >= 0 else None

    def _translated(self, problem: Exception) -> TransportError:
        if self._watchdog.bit:
            return _late("list", self._seconds)
        return TransportError("truncated", "list", f"the connection was lost: {_said(problem)}")


class SshSession:
    """A node over one SSH connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.transport: paramiko.Transport = connection.transport

    def ask(self, script: str, *, seconds: float, stdin: Iterable[bytes] = ()) -> Reply:
        return SshReply(self, as_command(script), stdin, seconds)

    def files(self, *, seconds: float) -> "RemoteFiles":
        watchdog = Watchdog(seconds, self.close)
        try:
            return RemoteFiles(ExactSftp.from_transport(self.transport), watchdog, seconds)
        except (paramiko.SSHException, EOFError, OSError) as problem:
            watchdog.rest()
            raise TransportError(
                "malformed", "list", f"no shell answered, and neither did SFTP: {_said(problem)}"
            ) from problem

    def close(self) -> None:
        _hang_up(self._connection)


def open_session(address: Address) -> Session:
    """Return a node that can be asked; raises TransportError."""
    return LocalSession() if address.transport == "local" else _open_ssh(address)


def _open_ssh(address: Address) -> SshSession:
    connection = _connection(address)
    # The steps of a login have a deadline each; this is for a peer that drips a little before each of them.
    watchdog = Watchdog(3 * address.connect_seconds, lambda: _hang_up(connection))
    try:
        connection.open()
        connection.transport.set_keepalive(KEEPALIVE_SECONDS)
        connection.transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except Exception as problem:
        _hang_up(connection)
        raise _login_error(problem, address, late=watchdog.bit) from problem
    finally:
        watchdog.rest()
    return SshSession(connection)


def _connection(address: Address) -> Connection:
    """Return an unopened connection that trusts only known host keys and offers only the node's own key."""
    config = Config(
        lazy=True,  # reads no configuration file that nobody named
        ssh_config=_ssh_config(address),
        overrides={"load_ssh_configs": False, "timeouts": {"connect": address.connect_seconds}},
    )
    gateway = None
    if address.jump_host:
        gateway = Connection(
            address.jump_host, config=config, connect_kwargs=_connect_kwargs(address)
        )
    connection = Connection(
        address.host,
        user=address.user or None,
        port=address.port if address.port != 22 else None,  # so that an alias may say another
        config=config,
        gateway=gateway,
        connect_kwargs=_connect_kwargs(address),
    )
    hop: Connection | None = connection
    while isinstance(hop, Connection):
        hop.client.get_host_keys().clear()
        hop.client.get_host_keys().update(_known_hosts(address))
        hop.client.set_missing_host_key_policy(RefuseUnknown())
        hop = hop.gateway
    return connection


def _connect_kwargs(address: Address) -> dict[str, object]:
    """Return a dict of its own each time, since fabric writes into it."""
    own_key = [str(Path(address.identity_file).expanduser())] if address.identity_file else None
    if own_key and not Path(own_key[0]).is_file():
        raise TransportError("auth", "login", f"there is no identity file {own_key[0]}")
    return {
        "key_filename": own_key,
        "allow_agent": own_key is None,
        "look_for_keys": own_key is None,
        "banner_timeout": address.connect_seconds,
        "auth_timeout": address.connect_seconds,
        "channel_timeout": address.connect_seconds,
    }


def _ssh_config(address: Address) -> paramiko.SSHConfig:
    if not address.ssh_config:
        return paramiko.SSHConfig()
    try:
        return paramiko.SSHConfig.from_path(str(Path(address.ssh_config).expanduser()))
    except (OSError, paramiko.ConfigParseError) as problem:
        raise TransportError(
            "error", "connect", f"SCMMON_SSH_CONFIG cannot be read: {problem}"
        ) from problem


# --- Host keys ---------------------------------------------------------------------------------


class UnknownHostKeyError(Exception):
    """The node's key is in no line of its known_hosts file."""

    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__("unknown host key")
        self.key = key


class RefuseUnknown(paramiko.MissingHostKeyPolicy):
    """Refuse a key that is not known, before anything is sent that a login needs."""

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        raise UnknownHostKeyError(key)


def known_hosts_file(address: Address) -> Path:
    """Return the file that holds a node's host key."""
    return Path(address.known_hosts or "~/.ssh/known_hosts").expanduser()


def _known_hosts(address: Address) -> HostKeys:
    """Return the keys of a known_hosts file, without those it revokes; lines for authorities are left out.

    Read line by line, since paramiko gives up the whole file at a marker it does not know.
    """
    try:
        lines = known_hosts_file(address).read_text(errors="replace").splitlines()
    except OSError as problem:
        raise TransportError(
            "host_key",
            "connect",
            f"its known_hosts file cannot be read ({problem}); `manage.py hostkey {address.tag}` shows its key",
        ) from problem
    known = HostKeys()
    revoked = {entry.key.asbytes() for entry in _entries(lines, "@revoked ")}
    for entry in _entries(lines, ""):
        if entry.key.asbytes() in revoked:
            continue
        for name in entry.hostnames:
            known.add(name, entry.key.get_name(), entry.key)
    return known


def _entries(lines: list[str], marker: str) -> Iterator[HostKeyEntry]:
    for line in lines:
        marked = line.startswith("@")
        if line.lstrip().startswith("#") or marked != bool(marker) or not line.startswith(marker):
            continue
        with contextlib.suppress(InvalidHostKey, paramiko.SSHException):
            entry = HostKeyEntry.from_line(line.removeprefix(marker))
            if entry is not None and entry.key is not None:
                yield entry


def fingerprint(key: paramiko.PKey) -> str:
    """Return a key's fingerprint as ssh-keygen prints it: `SHA256:…`."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


class HostKey(NamedTuple):
    """A node's host key: its fingerprint, and the known_hosts line that pins it."""

    fingerprint: str
    kind: str
    line: str
    known: bool


def fetch_host_key(address: Address) -> HostKey:
    """Ask a node for its host key without logging in; raises TransportError."""
    name = address.host if address.port == 22 else f"[{address.host}]:{address.port}"
    try:
        known = _known_hosts(address)
    except TransportError:
        known = HostKeys()
    try:
        sock = socket.create_connection((address.host, address.port), address.connect_seconds)
        transport = paramiko.Transport(sock)
        transport.banner_timeout = address.connect_seconds
        watchdog = Watchdog(3 * address.connect_seconds, transport.close)
        try:
            transport.start_client(timeout=address.connect_seconds)
            key = transport.get_remote_server_key()
        finally:
            watchdog.rest()
            transport.close()
    except Exception as problem:
        raise _login_error(problem, address, late=False) from problem
    line = f"{name} {key.get_name()} {key.get_base64()}"
    return HostKey(fingerprint(key), key.get_name(), line, known.check(name, key))


def pin_host_key(address: Address, key: HostKey) -> None:
    """Add a key to the node's known_hosts file, making that (private to this user) when absent."""
    file = known_hosts_file(address)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as known:
        known.write(f"{key.line}\n")


# --- SFTP --------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """One entry of a directory, links not followed."""

    name: bytes
    is_directory: bool
    is_file: bool
    size_bytes: int
    mtime_epoch: int


class ExactSftp(paramiko.SFTPClient):
    """SFTP whose names are bytes: paramiko decodes them and gives up at the first that is not UTF-8."""

    def entries(self, path: bytes) -> list[Entry]:
        """Return the entries of a directory; raises OSError when it cannot be read."""
        kind, message = self._request(CMD_OPENDIR, path)
        if kind != CMD_HANDLE:
            raise OSError("the server did not open the directory")
        handle, found = message.get_binary(), []
        try:
            while True:
                kind, message = self._request(CMD_READDIR, handle)
                if kind != CMD_NAME:
                    raise OSError("the server did not list the directory")
                found += [self._entry(message) for _ in range(message.get_int())]
        except EOFError:
            pass
        finally:
            self._request(CMD_CLOSE, handle)
        return [entry for entry in found if entry.name not in (b".", b"..")]

    @staticmethod
    def _entry(message: paramiko.Message) -> Entry:
        name, _long_name = message.get_binary(), message.get_binary()
        about = paramiko.SFTPAttributes._from_msg(message)
        mode = about.st_mode or 0
        return Entry(
            name,
            stat.S_ISDIR(mode),
            stat.S_ISREG(mode),
            about.st_size or 0,
            int(about.st_mtime or 0),
        )


class RemoteFiles:
    """The files of a node that has no shell; every method raises TransportError when time runs out."""

    def __init__(self, sftp: ExactSftp, watchdog: Watchdog, seconds: float) -> None:
        self._sftp, self._watchdog, self._seconds = sftp, watchdog, seconds

    def entries(self, path: bytes) -> list[Entry]:
        """Return a directory's entries; raises OSError when the node refuses to show it."""
        with self._translating():
            return self._sftp.entries(path)

    def is_directory(self, path: bytes) -> bool:
        """Say whether a path is a directory."""
        with self._translating():
            try:
                return stat.S_ISDIR(self._sftp.stat(path).st_mode or 0)
            except FileNotFoundError:
                return False

    def beginning(self, path: bytes, most_bytes: int) -> bytes | None:
        """Return the first bytes of a file, or None when it cannot be read."""
        with self._translating():
            try:
                with self._sftp.open(path) as file:
                    return bytes(file.read(most_bytes))
            except (FileNotFoundError, PermissionError):
                return None

    def done(self) -> None:
        """Say that no more will be asked."""
        self._watchdog.rest()

    @contextlib.contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (paramiko.SSHException, EOFError, ConnectionError, AttributeError) as problem:
            # paramiko's reader fails with AttributeError when the watchdog closes under it
            raise self._lost(problem) from problem
        except OSError as problem:
            if self._watchdog.bit or "closed" in str(problem):
                raise self._lost(problem) from problem
            raise

    def _lost(self, problem: Exception) -> TransportError:
        if self._watchdog.bit:
            return _late("list", self._seconds)
        return TransportError("truncated", "list", f"the connection was lost: {_said(problem)}")


# --- What went wrong ---------------------------------------------------------------------------


def _login_error(problem: Exception, address: Address, *, late: bool) -> TransportError:
    """Return what a failed connection or login means, in words that tell what to do next."""
    where = f"{address.host}:{address.port}"
    ask = f"`manage.py hostkey {address.tag}` shows its key, and --pin keeps it once you have checked it"
    match problem:
        case TransportError():
            return problem
        case paramiko.BadHostKeyException():
            expected, got = fingerprint(problem.expected_key), fingerprint(problem.key)
            return TransportError(
                "host_key",
                "connect",
                f"the host key of {where} has CHANGED: known is {expected}, it shows {got}. Somebody may be "
                f"listening, or the machine was made anew; {ask}",
            )
        case UnknownHostKeyError():
            return TransportError(
                "host_key",
                "connect",
                f"the host key of {where} ({problem.key.get_name()} {fingerprint(problem.key)}) is not in "
                f"{known_hosts_file(address)}; {ask}",
            )
        case paramiko.AuthenticationException() if not late:
            return TransportError(
                "auth",
                "login",
                f"{where} refused the login of {address.user or 'the default user'}: {_said(problem)}",
            )
        case _ if late or _has_cause(problem, TimeoutError):
            return TransportError(
                "timeout", "connect", f"{where} did not get as far as a login in time"
            )
        case OSError():
            return TransportError(
                "unreachable", "connect", f"{where} cannot be reached: {_said(problem)}"
            )
        case EOFError() | paramiko.SSHException() if _before_login(problem):
            return TransportError(
                "unreachable", "connect", f"{where} does not speak SSH: {_said(problem)}"
            )
        case paramiko.SSHException() | ValueError():
            return TransportError("error", "login", f"{where}: {_said(problem)}")
    return TransportError(
        "error", "connect", f"{where}: {type(problem).__name__}: {_said(problem)}"
    )


def _before_login(problem: Exception) -> bool:
    return isinstance(problem, EOFError) or "banner" in str(problem) or "negotiat" in str(problem)


def _has_cause(problem: BaseException | None, kind: type[BaseException]) -> bool:
    while problem is not None:
        if isinstance(problem, kind) or "timed out" in str(problem).lower():
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def _late(stage: str, seconds: float) -> TransportError:
    return TransportError("timeout", stage, f"not done after {seconds:.0f} s")


def _said(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__


def _hang_up(connection: Connection) -> None:
    """Close a connection whatever its state; fabric's own close leaves threads behind after a failed open."""
    hop: Connection | None = connection
    while isinstance(hop, Connection):
        with contextlib.suppress(Exception):
            hop.client.close()
        hop = hop.gateway
