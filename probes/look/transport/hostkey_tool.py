"""Shows the host key of a node without logging in, and pins it."""

import os
import socket
from typing import NamedTuple

import paramiko
from paramiko.hostkeys import HostKeys

from probes.look.transport.base import Address, TransportError, Watchdog
from probes.look.transport.hostkeys import fingerprint, known_hosts, known_hosts_file
from probes.look.transport.login_errors import login_error
from probes.look.transport.ssh import hang_up, unopened_connection


class HostKey(NamedTuple):
    """A node's host key: its fingerprint, and the known_hosts line that pins it."""

    fingerprint: str
    kind: str
    line: str
    known: bool
    pinned: str  # fingerprint of another key that is known for this node; empty when there is none
    name: str  # what the node is called in known_hosts


def fetch_host_key(address: Address) -> HostKey:
    """Ask a node for its host key without logging in; raises TransportError."""
    try:
        known = known_hosts(address)
    except TransportError:
        known = HostKeys()
    connection = unopened_connection(address, known)
    host, port = connection.host, connection.port
    name = host if port == 22 else f"[{host}]:{port}"
    try:
        sock = (
            connection.open_gateway()
            if connection.gateway
            else socket.create_connection((host, port), address.connect_seconds)
        )
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
        raise login_error(problem, address, late=False) from problem
    finally:
        hang_up(connection)
    line = f"{name} {key.get_name()} {key.get_base64()}"
    is_known, others = known.check(name, key), known.lookup(name) or {}
    pinned = "" if is_known else next((fingerprint(other) for other in others.values()), "")
    return HostKey(fingerprint(key), key.get_name(), line, is_known, pinned, name)


def pin_host_key(address: Address, key: HostKey) -> None:
    """Add a key to the node's known_hosts file, making that (private to this user) when absent."""
    file = known_hosts_file(address)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_open_line = file.is_file() and file.stat().st_size and not file.read_bytes().endswith(b"\n")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as known:
        known.write(f"{chr(10) if is_open_line else ''}{key.line}\n")
