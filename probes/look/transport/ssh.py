"""A node over SSH: one fabric connection, strict host keys, answers read in large blocks."""

import contextlib
import socket
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import paramiko
from fabric import Config, Connection
from paramiko.hostkeys import HostKeys

from probes.look.remote import as_command
from probes.look.transport.base import (
    BLOCK_BYTES,
    KEPT_STDERR_BYTES,
    Address,
    RemoteFiles,
    Reply,
    TransportError,
    Watchdog,
    late,
    said,
)
from probes.look.transport.hostkeys import RefuseUnknown, known_hosts
from probes.look.transport.login_errors import login_error
from probes.look.transport.sftp import ExactSftp, SftpFiles

KEEPALIVE_SECONDS = 15


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
            raise late("list", self._seconds)

    def done(self) -> None:
        self._watchdog.rest()

    def exit_status(self) -> int | None:
        status: int = self._channel.recv_exit_status()
        self._watchdog.rest()
        self._listener.join(1)
        return status if status >= 0 else None

    def _translated(self, problem: Exception) -> TransportError:
        if self._watchdog.bit:
            return late("list", self._seconds)
        return TransportError("truncated", "list", f"the connection was lost: {said(problem)}")


class SshSession:
    """A node over one SSH connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.transport: paramiko.Transport = connection.transport

    def ask(self, script: str, *, seconds: float, stdin: Iterable[bytes] = ()) -> Reply:
        return SshReply(self, as_command(script), stdin, seconds)

    def files(self, *, seconds: float) -> RemoteFiles:
        watchdog = Watchdog(seconds, self.close)
        try:
            return SftpFiles(ExactSftp.from_transport(self.transport), watchdog, seconds)
        except (paramiko.SSHException, EOFError, OSError) as problem:
            watchdog.rest()
            raise TransportError(
                "malformed", "list", f"no shell answered, and neither did SFTP: {said(problem)}"
            ) from problem

    def close(self) -> None:
        hang_up(self._connection)


def open_ssh(address: Address) -> SshSession:
    connection = unopened_connection(address, known_hosts(address))
    # The steps of a login have a deadline each; this is for a peer that drips a little before each of them.
    watchdog = Watchdog(3 * address.connect_seconds, lambda: hang_up(connection))
    try:
        connection.open()
        connection.transport.set_keepalive(KEEPALIVE_SECONDS)
        if isinstance(connection.transport.sock, socket.socket):  # not through a jump host
            connection.transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except Exception as problem:
        hang_up(connection)
        raise login_error(problem, address, late=watchdog.bit) from problem
    finally:
        watchdog.rest()
    return SshSession(connection)


def unopened_connection(address: Address, known: HostKeys) -> Connection:
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
        hop.client.get_host_keys().update(known)
        hop.client.set_missing_host_key_policy(RefuseUnknown())
        hop = hop.gateway
    return connection


def _connect_kwargs(address: Address) -> dict[str, object]:
    """Return a dict of its own each time, since fabric writes into it."""
    kwargs: dict[str, object] = {
        "banner_timeout": address.connect_seconds,
        "auth_timeout": address.connect_seconds,
        "channel_timeout": address.connect_seconds,
        # Only the node's own key is offered; without one, whatever this user logs in with.
        "allow_agent": not address.identity_file,
        "look_for_keys": not address.identity_file,
    }
    if address.identity_file:
        own_key = Path(address.identity_file).expanduser()
        if not own_key.is_file():
            raise TransportError("auth", "login", f"there is no identity file {own_key}")
        kwargs["key_filename"] = [str(own_key)]
    return kwargs


def _ssh_config(address: Address) -> paramiko.SSHConfig:
    if not address.ssh_config:
        return paramiko.SSHConfig()
    try:
        return paramiko.SSHConfig.from_path(str(Path(address.ssh_config).expanduser()))
    except (OSError, paramiko.ConfigParseError) as problem:
        raise TransportError(
            "error", "connect", f"SCMMON_SSH_CONFIG cannot be read: {problem}"
        ) from problem


def hang_up(connection: Connection) -> None:
    """Close a connection whatever its state; fabric's own close leaves threads behind after a failed open."""
    hop: Connection | None = connection
    while isinstance(hop, Connection):
        with contextlib.suppress(Exception):
            hop.client.close()
        hop = hop.gateway
